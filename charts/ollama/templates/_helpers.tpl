{{/* Labels of every object. */}}
{{- define "ollama.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "ollama.selector" . }}
{{- end }}

{{/* Labels that pods are found by; never change once deployed. */}}
{{- define "ollama.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Name and namespace of every object: one release, one name. */}}
{{- define "ollama.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "ollama.labels" . | nindent 2 }}
{{- end }}

{{/* What the restricted Pod Security level asks of a container. */}}
{{- define "ollama.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}
