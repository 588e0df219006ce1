# The host's side of the demonstration with KVM. The last line is for kvm.sh.
param ([Parameter(Mandatory)] [string] $Guest, [Parameter(Mandatory)] [long] $Cid)

$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../../out/DmaBufPS"

$memory = Connect-GuestMemory $Guest "/run/$Guest.sock" -Cid $Cid -Qmp "/run/$Guest.qmp" -TimeoutSec 120
"QEMU added a vhost-user device to the guest, and shows its memory: $($memory.Size) bytes"
$buffer = Receive-DmaBuf -Address "vsock:${Cid}:900" -Guest $Guest -Wait -TimeoutSec 120
"received $($buffer.Shared.Count) pages of the guest, and made a dma-buf of them: $($buffer.Size) bytes"
"reads: $($buffer | Read-DmaBufContent -AsString)"
$buffer | Write-DmaBufContent "Thanks, and greetings from the host.`0"
'writes an answer into the same memory, and releases it'
$ranges = $buffer.Shared.Ranges.Count
Remove-DmaBuf $buffer
Disconnect-GuestMemory $Guest
'took the device out again'
"ranges=$ranges"
