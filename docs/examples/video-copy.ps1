<#
.SYNOPSIS
    Streams a camera over a network: the bytes of each frame go over the connection.
.DESCRIPTION
    The receiver starts first. Without a camera, the sender shows moving colour bars.
.EXAMPLE
    ./video-copy.ps1 receive tcpd:0.0.0.0:9000 -OutFile camera.y4m
.EXAMPLE
    ./video-copy.ps1 send tcp:recorder:9000
#>
[CmdletBinding()]
param (
    [Parameter(Mandatory, Position = 0)] [ValidateSet('send', 'receive')] [string] $Role,
    [Parameter(Mandatory, Position = 1)] [string] $Address,
    [string] $OutFile = 'camera.y4m',
    [long] $Frames = 100
)

$ErrorActionPreference = 'Stop'
if ($Role -eq 'send') {
    $camera = Get-VideoDevice | Where-Object Kind -EQ Capture | Select-Object -First 1
    # NV12 is what most players, and .y4m files, know.
    $format = @{ Width = 640; Height = 480; PixelFormat = 'NV12'; FrameCount = $Frames; ConnectTimeoutMs = 60000 }
    if ($camera) { Send-VideoStream $Address $camera.Device @format }
    else { Send-VideoStream $Address -TestPattern @format }
}
else {
    Receive-VideoStream $Address -OutFile $OutFile -TimeoutSec 60
}
