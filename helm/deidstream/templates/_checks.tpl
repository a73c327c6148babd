{{/* What a schema cannot say. Each message says what to do. */}}
{{- define "deidstream.check" -}}
{{- $chains := include "deidstream.chains" . | fromYaml }}
{{- $hosted := (include "deidstream.hosted" . | fromYaml).list }}
{{- $kafka := include "deidstream.kafka" . | fromYaml }}
{{- $database := include "deidstream.database" . | fromYaml }}
{{- range $stage := list "ingest" "identify" "fields" "text" "resolver" "writer" "delivery" }}
{{- if not (has $stage $hosted) }}{{ fail (printf "chains: no chain has the stage %q, and what reaches it would wait for ever: add it to one" $stage) }}{{ end }}
{{- end }}
{{- if ne (len $hosted) (len ($hosted | uniq)) }}{{ fail "chains: a stage stands in two chains: take it out of one, and give the other more replicas" }}{{ end }}
{{- if ne (has "image" $hosted) (has "heads" $hosted) }}{{ fail "chains: image and heads belong together: name both, or neither" }}{{ end }}
{{- include "deidstream.checkOperators" . }}
{{- if not $kafka.servers }}
{{- if gt (len $chains) 1 }}{{ fail "kafka.servers: empty, so all stages must be in one chain: name the brokers, or see ci/small.yaml" }}{{ end }}
{{- range $name, $chain := $chains }}{{ if or (gt (int ($chain.replicas | default 1)) 1) (gt (int ($chain.maxReplicas | default 1)) 1) }}{{ fail (printf "chains.%s.replicas: more than one needs Kafka: name kafka.servers" $name) }}{{ end }}{{ end }}
{{- else }}
{{- if not $database.url }}{{ fail "database.url: with Kafka there are several Pods, which share no disk: name a PostgreSQL database, or set database.operator.enabled" }}{{ end }}
{{- $needed := (include "deidstream.users" . | fromYaml).list }}
{{- $known := append $needed "lag" | uniq }}
{{- range $name := $needed }}
{{- $user := get $kafka.users $name | default dict }}
{{- if and (hasPrefix "SASL" $kafka.protocol) (not (and (get $user "user") (get $user "secret"))) }}{{ fail (printf "kafka.users.%s: protocol %s needs {user: NAME, secret: NAME}" $name $kafka.protocol) }}{{ end }}
{{- end }}
{{- range $name, $user := .Values.kafka.users }}{{ if and $user (not (has $name $known)) }}{{ fail (printf "kafka.users.%s: no such chain; there are %s" $name (join ", " ($known | sortAlpha))) }}{{ end }}{{ end }}
{{- end }}
{{- if and .Values.database.url (contains "passfile=" .Values.database.url) }}{{ fail "database.url: PostgreSQL reads no passfile that a group may read, as Secrets are mounted: use database.password" }}{{ end }}
{{- if regexMatch "://[^/@?]*:[^/@?]*@" .Values.database.url }}{{ fail "database.url: holds a password: use database.password" }}{{ end }}
{{- range $name := list "state" "bus" "database" "keys" "keys_provided" "vault" "kms" "artifacts" "artifacts_access" "chains" "replicas" "health" }}
{{- if hasKey (dig "deployment" dict $.Values.config) $name }}{{ fail (printf "config.deployment.%s: follows from other values: leave it out" $name) }}{{ end }}
{{- end }}
{{- range $name := list "protocol" "mechanism" "ca" "certificate" "key" "user" "password" "password_file" }}
{{- if hasKey (dig "deployment" "kafka" dict $.Values.config | default dict) $name }}{{ fail (printf "config.deployment.kafka.%s: give it in section kafka of the values" $name) }}{{ end }}
{{- end }}
{{- if and (eq .Values.configKind "ConfigMap") (regexMatch "(?m)^[ -]*(password|token|secret_key|access_key): " (toYaml .Values.config)) }}{{ fail "config: holds a password or token: set configKind to Secret" }}{{ end }}
{{- if not (dig "resolver" "projects" list .Values.config) }}{{ fail "config.resolver.projects: name at least one: nothing is released without" }}{{ end }}
{{- $ports := list }}
{{- range (include "deidstream.listeners" . | fromYaml).list }}
{{- if or (has (int .port) $ports) (eq (int .port) 9464) }}{{ fail (printf "config.ingest: two listeners have port %d (9464 is that of the health pages)" (int .port)) }}{{ end }}
{{- $ports = append $ports (int .port) }}
{{- end }}
{{- range (include "deidstream.reports" . | fromYaml).list }}
{{- if or (has (int .port) $ports) (eq (int .port) 9464) }}{{ fail (printf "config.delivery: two listeners have port %d (9464 is that of the health pages)" (int .port)) }}{{ end }}
{{- $ports = append $ports (int .port) }}
{{- range $name, $chain := $chains }}{{ if and (has "delivery" $chain.stages) (or (gt (int ($chain.replicas | default 1)) 1) (gt (int ($chain.maxReplicas | default 1)) 1)) }}{{ fail (printf "chains.%s.replicas: reports of storage commitment come to one Pod, and a destination may be in another: set it to 1" $name) }}{{ end }}{{ end }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}{{ include "deidstream.checkPaths" . }}{{ end }}
{{- $projects := list }}
{{- range .Values.config.resolver.projects }}{{ $projects = append $projects .name }}{{ end }}
{{- range $one := dig "delivery" "destinations" list .Values.config }}
{{- range .projects }}{{ if not (has . $projects) }}{{ fail (printf "config.delivery.destinations: %q wants project %q; there are %s" $one.name . (join ", " ($projects | sortAlpha))) }}{{ end }}{{ end }}
{{- end }}
{{- include "deidstream.checkFiles" . }}
{{- with .Values.test.source }}
{{- $names := list }}
{{- range dig "ingest" "mllp" list $.Values.config }}{{ if not (hasKey . "tls") }}{{ $names = append $names .name }}{{ end }}{{ end }}
{{- if not (has . $names) }}{{ fail (printf "test.source: config.ingest.mllp has no source %q without tls" .) }}{{ end }}
{{- end }}
{{- end }}

{{/* Whatever the configuration needs to reach has a named path. */}}
{{- define "deidstream.checkPaths" -}}
{{- $paths := .Values.networkPolicy }}
{{- $hint := "or set networkPolicy.enabled to false" }}
{{- if and .Values.kafka.servers (not .Values.kafka.strimzi.enabled) (not (and $paths.kafka.to $paths.kafka.ports)) }}{{ fail (printf "networkPolicy.kafka: say where the brokers are (to, ports), %s" $hint) }}{{ end }}
{{- if and .Values.database.url (not $paths.database.to) }}{{ fail (printf "networkPolicy.database.to: say where the database is, %s" $hint) }}{{ end }}
{{- if and (hasPrefix "s3://" .Values.artifacts.url) (not $paths.artifacts.to) }}{{ fail (printf "networkPolicy.artifacts.to: say where the bucket is, %s" $hint) }}{{ end }}
{{- if and (or .Values.keys.vault.address .Values.keys.kms.key) (not $paths.keys.to) }}{{ fail (printf "networkPolicy.keys.to: say where Vault, or KMS with STS, is, %s" $hint) }}{{ end }}
{{- if and (dig "deployment" "otlp_endpoint" "" .Values.config) (not $paths.collector.to) }}{{ fail (printf "networkPolicy.collector.to: say where the collector is, %s" $hint) }}{{ end }}
{{- if and (contains "triton:" (toYaml .Values.config)) (not .Values.triton.enabled) (not $paths.triton.to) }}{{ fail (printf "networkPolicy.triton.to: say where Triton is, %s" $hint) }}{{ end }}
{{- if and (include "deidstream.listeners" . | fromYaml).list (not $paths.senders) }}{{ fail (printf "networkPolicy.senders: say who may send to the listeners of ingest, %s" $hint) }}{{ end }}
{{- if and (include "deidstream.reports" . | fromYaml).list (not $paths.reporters) }}{{ fail (printf "networkPolicy.reporters: say who may report storage commitment, %s" $hint) }}{{ end }}
{{- $asked := dict }}
{{- range dig "ingest" "topics" list .Values.config }}{{ if get . "servers" }}{{ $_ := set $asked .name "topics" }}{{ end }}{{ end }}
{{- range dig "ingest" "buckets" list .Values.config }}{{ if hasPrefix "s3://" .url }}{{ $_ := set $asked .name "buckets" }}{{ end }}{{ end }}
{{- range dig "ingest" "dicom" list .Values.config }}{{ $source := .name }}{{ range get . "allowed" | default list }}{{ if get . "report_to" }}{{ $_ := set $asked $source "dicom" }}{{ end }}{{ end }}{{ end }}
{{- if not $paths.sources }}{{ range $name, $kind := $asked }}{{ fail (printf "networkPolicy.sources: say where what ingest asks for %q (config.ingest.%s) is, %s" $name $kind $hint) }}{{ end }}{{ end }}
{{- range dig "delivery" "destinations" list .Values.config }}
{{- if and (has .kind (list "mllp" "fhir" "dicom" "stow" "bucket" "kafka")) (not $paths.destinations) }}{{ fail (printf "networkPolicy.destinations: say where %q is, %s" .name $hint) }}{{ end }}
{{- end }}
{{- end }}

{{/* What the configuration reads and writes lies on what its Pods mount. */}}
{{- define "deidstream.checkFiles" -}}
{{- $kafka := include "deidstream.kafka" . | fromYaml }}
{{- range $name, $chain := include "deidstream.chains" . | fromYaml }}
{{- $written := ternary list (list "/var/lib/deidstream") (ne $kafka.servers "") }}
{{- range $chain.claims }}{{ $written = append $written .mountPath }}{{ end }}
{{- $read := $written }}
{{- range $chain.secrets }}{{ $read = append $read .mountPath }}{{ end }}
{{- range ternary (dig "delivery" "destinations" list $.Values.config) list (has "delivery" $chain.stages) }}
{{- if and (eq .kind "folder") (not (include "deidstream.under" (dict "path" .path "folders" $written))) }}{{ fail (printf "config.delivery.destinations: %q writes to %s, where chains.%s has no volume that lasts: mount one (claims)" .name .path $name) }}{{ end }}
{{- end }}
{{- range ternary (dig "ingest" "folders" list $.Values.config) list (has "ingest" $chain.stages) }}
{{- if not (include "deidstream.under" (dict "path" .path "folders" $written)) }}{{ fail (printf "config.ingest.folders: %q reads %s, where chains.%s has no volume: mount one (claims)" .name .path $name) }}{{ end }}
{{- end }}
{{- range ternary $.Values.config.resolver.projects list (has "resolver" $chain.stages) }}
{{- $policy := get . "policy" | default "" }}
{{- if and (or (contains "/" $policy) (hasSuffix ".yaml" $policy)) (not (include "deidstream.under" (dict "path" $policy "folders" $read))) }}{{ fail (printf "config.resolver.projects: the policy %s of %q is not in chains.%s: make it a Secret and mount that (secrets)" $policy .name $name) }}{{ end }}
{{- $pseudonyms := get . "pseudonyms" | default "" }}
{{- if and $pseudonyms (not (include "deidstream.under" (dict "path" $pseudonyms "folders" $read))) }}{{ fail (printf "config.resolver.projects: the pseudonyms %s of %q are not in chains.%s: make them a Secret and mount that (secrets)" $pseudonyms .name $name) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* (path, folders) */}}
{{- define "deidstream.under" -}}
{{- range .folders }}{{ if hasPrefix (printf "%s/" (trimSuffix "/" .)) (printf "%s/" $.path) }}yes{{ end }}{{ end }}
{{- end }}
