<#
.SYNOPSIS
    Reads each buffer that the producer announces, and releases it, until the producer disconnects.
.EXAMPLE
    ./channel-consumer.ps1 -Address unix:/tmp/frames.sock
.EXAMPLE
    ./channel-consumer.ps1 -Domain dom0
#>
[CmdletBinding(DefaultParameterSetName = 'Domain')]
param (
    [Parameter(ParameterSetName = 'Address', Mandatory)] [string] $Address,
    [Parameter(ParameterSetName = 'Address')]
    [Parameter(ParameterSetName = 'Domain', Mandatory)] [string] $Domain,
    [double] $TimeoutSec = 60
)
$ErrorActionPreference = 'Stop'
$to = @{}
if ($Address) { $to.Address = $Address }
if ($Domain) { $to.Domain = $Domain }
$channel = Connect-DmaBufChannel @to -TimeoutSec $TimeoutSec
$imports = @{}
try {
    Receive-DmaBufEvent $channel -Type Published, Updated -Follow -TimeoutSec $TimeoutSec | ForEach-Object {
        $id = "$($_.Id)"
        if ($imports[$id]) {
            Lock-DmaBuf $imports[$id] -Read -TimeoutSec $TimeoutSec
        }
        else {
            $imports[$id] = $_ | Import-DmaBuf -TimeoutSec $TimeoutSec
        }
        Read-DmaBufContent $imports[$id] -AsString
        # The mapping stays for the next turn; the producer may write again.
        Unlock-DmaBuf $imports[$id]
    }
}
finally {
    $imports.Values | Remove-DmaBuf
    Disconnect-DmaBufChannel $channel
}
