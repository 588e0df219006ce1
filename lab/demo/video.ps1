# One side of the demonstration of video: a camera's frames go from one domain to another without a copy.
param (
    [Parameter(Mandatory)] [ValidateSet('send', 'receive')] [string] $Role,
    [Parameter(Mandatory)] [string] $Domain,
    [Parameter(Mandatory)] [int] $Frames,
    [string] $Picture
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module ($env:DMABUFPS_MODULE ?? "$PSScriptRoot/../../out/DmaBufPS")
if ($Role -eq 'send') {
    # The emulated processor may need seconds for the picture that the other side makes of the first frame.
    $sent = Send-VideoStream vchan:${Domain}:video /dev/video0 -ZeroCopy -Width 640 -Height 480 -PixelFormat YUYV `
        -FrameCount $Frames -AckTimeoutMs 10000 -ConnectTimeoutMs 120000
    'frames={0} dropped={1} fps={2:0.0} copied={3} memory={4} via={5}' -f
        $sent.Frames, $sent.Dropped, $sent.FrameRate, $sent.Copied, $sent.Memory, "$($sent.Transfer)".ToLower()
}
else {
    $received = Receive-VideoStream vchand:${Domain}:video -ZeroCopy -OutFile $Picture -TimeoutSec 120
    'received frames={0} of {1} via={2}' -f
        $received.Frames, $received.Format, "$($received.Transfer)".ToLower()
}
