{{/* deidstream.yaml: what the values say, and what follows from them. */}}
{{- define "deidstream.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $chains := include "deidstream.chains" . | fromYaml }}
{{- $listed := list }}
{{- $replicas := dict }}
{{- range $name, $chain := $chains }}
{{- $listed = append $listed $chain.stages }}
{{- $count := max (int ($chain.replicas | default 1)) (int ($chain.maxReplicas | default 1)) }}
{{- if gt $count 1 }}{{ $_ := set $replicas (first $chain.stages) $count }}{{ end }}
{{- end }}
{{- $ours := dict "state" "/var/lib/deidstream" "chains" $listed "replicas" $replicas }}
{{- $ours = merge $ours (include "deidstream.keysConfig" . | fromYaml) }}
{{- $_ := set $ours "health" (dict "host" "0.0.0.0" "port" 9464) }}
{{- with include "deidstream.kafka" . | fromYaml }}
{{- if .servers }}
{{- $_ := set $ours "bus" (printf "kafka://%s%s" .servers (ternary "" (printf "/%s" .prefix) (empty .prefix))) }}
{{- $client := dict "protocol" .protocol }}
{{- if hasPrefix "SASL" .protocol }}{{ $_ := set $client "mechanism" .mechanism }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $client "ca" "/run/deidstream/kafka/ca.pem" }}{{ end }}
{{- if $.Values.kafka.strimzi.enabled }}{{ $_ := set $client "replication" (int (include "deidstream.copies" $)) }}{{ end }}
{{- $_ := set $ours "kafka" (merge $client (dig "deployment" "kafka" dict $.Values.config | default dict)) }}
{{- end }}
{{- end }}
{{- with (include "deidstream.database" . | fromYaml).url }}{{ $_ := set $ours "database" . }}{{ end }}
{{- with .Values.artifacts }}
{{- if .url }}
{{- $_ := set $ours "artifacts" .url }}
{{- $access := dict }}
{{- if .credentials.secret }}{{ $_ := set $access "credentials" "/run/deidstream/artifacts/credentials" }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $access "ca" "/run/deidstream/artifacts/ca.crt" }}{{ end }}
{{- $_ := set $ours "artifacts_access" $access }}
{{- end }}
{{- end }}
{{- $_ := set $config "deployment" (merge $ours (get $config "deployment" | default dict)) }}
{{- if .Values.triton.enabled }}
{{- $server := dict "address" (printf "%s-triton:8001" (include "deidstream.name" .)) "ca" "/run/deidstream/triton/ca.crt" }}
{{- if dig "text" "tagger" dict $config }}
{{- $_ := set $config.text.tagger "triton" (merge (deepCopy $server) (get $config.text.tagger "triton" | default dict)) }}
{{- end }}
{{- if .Values.triton.pictures }}
{{- $image := get $config "image" | default dict }}
{{- $_ := set $config "image" (merge (dict "triton" (merge (deepCopy $server) (get $image "triton" | default dict))) $image) }}
{{- end }}
{{- end }}
{{- if .Values.monitor.enabled }}
{{- $monitor := dict "health" (dict "host" "0.0.0.0" "port" 9464) }}
{{- $_ := set $config "monitor" (merge $monitor (get $config "monitor" | default dict)) }}
{{- end }}
{{- range $kind := list "mllp" "fhir" "dicom" "stow" }}
{{- range dig "ingest" $kind list $config }}{{ if not (hasKey . "host") }}{{ $_ := set . "host" "0.0.0.0" }}{{ end }}{{ end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The listeners of ingest, as YAML: {list: [{name, port}]}. */}}
{{- define "deidstream.listeners" -}}
{{- $found := list }}
{{- $usual := dict "mllp" 2575 "fhir" 8080 "dicom" 11112 "stow" 8043 }}
{{- range $kind, $port := $usual }}
{{- range dig "ingest" $kind list $.Values.config }}
{{- $number := int (get . "port" | default $port) }}
{{- $found = append $found (dict "name" (printf "%s-%d" $kind $number) "port" $number) }}
{{- end }}
{{- end }}
{{- toYaml (dict "list" $found) }}
{{- end }}

{{/* Where delivery listens for reports of storage commitment, as YAML: {list: [{name, port}]}. */}}
{{- define "deidstream.reports" -}}
{{- $found := list }}
{{- range dig "delivery" "destinations" list .Values.config }}
{{- with dig "commitment" "port" 0 (dict "commitment" (get . "commitment" | default dict)) }}
{{- $found = append $found (dict "name" (printf "reports-%d" (int .)) "port" (int .)) }}
{{- end }}
{{- end }}
{{- toYaml (dict "list" $found) }}
{{- end }}

{{/* Of section deployment: where the keys are. */}}
{{- define "deidstream.keysConfig" -}}
{{- with .Values.keys.vault }}
{{- if .address }}
{{- $vault := dict "address" .address "mount" .mount "path" .path "login" "kubernetes" "login_mount" .login "secret" "/run/deidstream/vault/token" }}
{{- with .namespace }}{{ $_ := set $vault "namespace" . }}{{ end }}
{{- if .ca.secret }}{{ $_ := set $vault "ca" "/run/deidstream/vault/ca.crt" }}{{ end }}
{{- toYaml (dict "vault" $vault) }}
{{- else }}
{{- $ours := dict "keys" "/run/deidstream/keys" "keys_provided" true }}
{{- with $.Values.keys.kms }}
{{- if .key }}
{{- $kms := dict "key" .key "region" .region }}
{{- with .endpoint }}{{ $_ := set $kms "endpoint" . }}{{ end }}
{{- $_ := set $ours "kms" $kms }}
{{- end }}
{{- end }}
{{- toYaml $ours }}
{{- end }}
{{- end }}
{{- end }}
