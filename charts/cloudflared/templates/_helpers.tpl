{{/* Labels of every object. */}}
{{- define "cloudflared.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "cloudflared.selector" . }}
{{- end }}

{{/* Labels that pods are found by; never change once deployed. */}}
{{- define "cloudflared.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Name and namespace of every object: one release, one name. */}}
{{- define "cloudflared.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "cloudflared.labels" . | nindent 2 }}
{{- end }}

{{/* What the restricted Pod Security level asks of a container. */}}
{{- define "cloudflared.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}
