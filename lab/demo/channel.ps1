# One side of the demonstration of channels: the scripts of docs/examples, between two domains.
param (
    [Parameter(Mandatory)] [ValidateSet('produce', 'consume')] [string] $Role,
    [Parameter(Mandatory)] [string] $Domain,
    [int] $Turns
)

$ErrorActionPreference = 'Stop'
Import-Module ($env:DMABUFPS_MODULE ?? "$PSScriptRoot/../../out/DmaBufPS")
$examples = "$PSScriptRoot/../../docs/examples"
if ($Role -eq 'produce') {
    # Distribution kernels cannot grant a dma-buf.
    & $examples/channel-producer.ps1 -Domain $Domain -Turns $Turns -Buffer GrantBuf -TimeoutSec 120 |
        ForEach-Object { $_ -replace '(\d+) turns, (\d+) buffers', 'turns=$1 buffers=$2' }
}
else {
    & $examples/channel-consumer.ps1 -Domain $Domain -TimeoutSec 120
}
