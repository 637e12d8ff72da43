{{/* Labels of every object. */}}
{{- define "demo.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "demo.selector" . }}
{{- end }}

{{/* Labels that pods are found by; never change once deployed. */}}
{{- define "demo.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Name and namespace of every object: one release, one name. */}}
{{- define "demo.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "demo.labels" . | nindent 2 }}
{{- end }}

{{/* What the restricted Pod Security level asks of a container. */}}
{{- define "demo.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}
