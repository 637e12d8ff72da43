/** Obtains the Go programs the estate is run with: from PATH, by download, or built from the pins in tools/. */
export { findTool, obtainTool, type Tool, ToolError, type ToolRequest } from "./obtain";
export { fullLabTools, pins, type ToolPin } from "./pins";
