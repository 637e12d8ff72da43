{{/* The image and what both containers have in common. */}}
{{- define "ollama.container" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: IfNotPresent
securityContext:
  {{- include "ollama.restricted" . | nindent 2 }}
volumeMounts:
  - name: models
    mountPath: /models
  - name: tmp
    mountPath: /tmp
{{- end }}

{{/* Ollama keeps its key pair in HOME: on the volume, because the root file system is read-only. */}}
{{- define "ollama.env" -}}
- name: HOME
  value: /models
- name: OLLAMA_MODELS
  value: /models/store
{{- end }}
