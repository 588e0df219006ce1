# The importer's side of the demonstration, in dom0. The last line is for demo.sh.
param ([Parameter(Mandatory)] [string] $Exporter)

$ErrorActionPreference = 'Stop'
Import-Module ($env:DMABUFPS_MODULE ?? "$PSScriptRoot/../../out/DmaBufPS")

"waits for references from $Exporter"
$buffer = Receive-DmaBuf -Address "tcp:${Exporter}:8000" -Domain $Exporter -Wait -TimeoutSec 120
"received $($buffer.PageCount) references of domain $($buffer.Domain) and imported them: $($buffer.Size) bytes"
"reads: $($buffer | Read-DmaBufContent -AsString)"
$buffer | Write-DmaBufContent "Thanks, and greetings from dom0.`0"
'writes an answer into the same memory, and releases it'
$refs = $buffer.PageCount
$via = if ($buffer.Origin -eq 'GrantImport') { 'dmabuf' } else { 'mapping' }
Remove-DmaBuf $buffer
"refs=$refs via=$via"
