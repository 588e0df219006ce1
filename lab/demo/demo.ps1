# The main job, on a real kernel: a buffer is made, filled, handed to another PowerShell and read and written there.

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
$module = Resolve-Path "$PSScriptRoot/../../out/DmaBufPS"
Import-Module $module
$socket = "/tmp/demo-$PID.sock"

# What one process does, as it does it.
function Show-Step ([string] $Who, [string] $What) {
    [Console]::Out.WriteLine(('{0,-9} {1}' -f $Who, $What))
}

$receiver = Start-Job -ArgumentList "$module", $socket {
    param ($module, $socket)
    Import-Module $module
    $received = Receive-DmaBuf "unixd:$socket" -TimeoutSec 60
    "received $($received.Size) bytes of $($received.Exporter), inode $($received.Inode), by descriptor $($received.Fd)"
    "reads: $($received | Read-DmaBufContent -AsString)"
    $received | Write-DmaBufContent 'Thanks from the receiver.'
    'writes an answer into the same memory, and releases it'
    Remove-DmaBuf $received
}

$buffer = New-UDmaBuf 64KB -Name demo
Show-Step sender "made dma-buf '$($buffer.Name)': $($buffer.Size) bytes of $($buffer.Exporter), inode $($buffer.Inode)"
$buffer | Write-DmaBufContent 'Hello from the sender.'
Show-Step sender "wrote: $($buffer | Read-DmaBufContent -AsString)"

while (-not (Test-Path $socket) -and $receiver.State -eq 'Running') { Start-Sleep -Milliseconds 100 }
$buffer | Send-DmaBufFd "unix:$socket" -Wait -TimeoutSec 60
$receiver | Receive-Job -Wait -AutoRemoveJob | ForEach-Object { Show-Step receiver $_ }

$answer = $buffer | Read-DmaBufContent -AsString
Show-Step sender "saw the release, and reads: $answer"
$held = @(Get-DmaBuf -System -Inode $buffer.Inode)
Show-Step sender "is the only process that holds the buffer: $($held.Count -eq 1)"
Remove-DmaBuf $buffer
if ($answer -ne 'Thanks from the receiver.') { throw 'The answer did not arrive.' }
