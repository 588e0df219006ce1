<#
.SYNOPSIS
    Fills three buffers in turn, each as soon as the consumer has released it.
.EXAMPLE
    ./channel-producer.ps1 -Address unix:/tmp/frames.sock
.EXAMPLE
    ./channel-producer.ps1 -Domain alice
#>
[CmdletBinding(DefaultParameterSetName = 'Domain')]
param (
    [Parameter(ParameterSetName = 'Address', Mandatory)] [string] $Address,
    # Without an address: the other domain, by vchan. With tcp: the domain to share pages with.
    [Parameter(ParameterSetName = 'Address')]
    [Parameter(ParameterSetName = 'Domain', Mandatory)] [string] $Domain,
    [int] $Turns = 30,
    [long] $Size = 64KB,
    # GrantBuf is for Xen domains whose kernel cannot grant a dma-buf.
    [ValidateSet('UDmaBuf', 'MemFd', 'GrantBuf')] [string] $Buffer = 'UDmaBuf',
    [double] $TimeoutSec = 60
)
$ErrorActionPreference = 'Stop'
$to = @{}
if ($Address) { $to.Address = $Address }
if ($Domain) { $to.Domain = $Domain }
$channel = Connect-DmaBufChannel @to -TimeoutSec $TimeoutSec
$shares = @()
try {
    for ($turn = 0; $turn -lt $Turns; $turn++) {
        $slot = $turn % 3
        if ($turn -lt 3) {
            $new = switch ($Buffer) {
                'GrantBuf' { New-GrantBuf $Size -Domain $channel.PeerDomain -Name "frame$slot" }
                default { New-UDmaBuf $Size -Backing $Buffer -Name "frame$slot" }
            }
        }
        else {
            # The consumer has read what was published last, and does not use the buffer.
            $shares[$slot] | Wait-DmaBufRelease -TimeoutSec $TimeoutSec
            $new = $shares[$slot].Buffer
        }
        Write-DmaBufContent $new "turn $turn"
        # Again on the same channel: the id stays, and the consumer gets the event Updated.
        $share = Publish-DmaBuf $new $channel -Name "frame$slot" -PrivateData "$turn"
        if ($turn -lt 3) { $shares += $share }
    }
    $shares | Wait-DmaBufRelease -TimeoutSec $TimeoutSec
    "$Turns turns, $($shares.Count) buffers"
}
finally {
    Disconnect-DmaBufChannel $channel
    $shares.Buffer | Remove-DmaBuf
}
