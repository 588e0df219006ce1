<#
.SYNOPSIS
    Streams a camera without a copy: the receiver reads the memory that the camera writes.
.DESCRIPTION
    The receiver starts first. It saves a picture of every tenth frame, and counts the frames that were dropped. Without
    a camera, the sender shows moving colour bars.
.EXAMPLE
    ./video-zero-copy.ps1 receive unixd:/tmp/camera.sock
.EXAMPLE
    ./video-zero-copy.ps1 send unix:/tmp/camera.sock
.EXAMPLE
    ./video-zero-copy.ps1 receive vchand:1:camera
    In dom0, from the guest that is domain 1 and sends to vchan:0:camera.
#>
[CmdletBinding()]
param (
    [Parameter(Mandatory, Position = 0)] [ValidateSet('send', 'receive')] [string] $Role,
    [Parameter(Mandatory, Position = 1)] [string] $Address,
    [string] $Folder = '.',
    [long] $Frames = 100
)

$ErrorActionPreference = 'Stop'
if ($Role -eq 'send') {
    $camera = Get-VideoDevice | Where-Object Kind -EQ Capture | Select-Object -First 1
    $format = @{ Width = 640; Height = 480; PixelFormat = 'YUYV'; FrameCount = $Frames; ConnectTimeoutMs = 60000 }
    # A picture takes the receiver longer than the usual 200 ms where the processor is slow.
    $wait = @{ ZeroCopy = $true; AckTimeoutMs = 20000 }
    if ($camera) { Send-VideoStream $Address $camera.Device @format @wait }
    else { Send-VideoStream $Address -TestPattern @format @wait }
}
else {
    $last = $null
    Receive-VideoStream $Address -ZeroCopy -PassThru -TimeoutSec 60 | ForEach-Object {
        if ($null -ne $last) { $dropped += $_.Sequence - $last - 1 }
        $last = $_.Sequence
        if ($count++ % 10 -eq 0) { $_ | Save-DmaBufImage -Path "$Folder/frame$($_.Sequence).png" -Force }
    }
    "$count frames, $([long] $dropped) dropped"
}
