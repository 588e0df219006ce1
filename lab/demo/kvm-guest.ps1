# The guest's side of the demonstration with KVM: makes a buffer, shares it with the host and reads the answer in it.
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../../out/DmaBufPS"

$buffer = New-UDmaBuf 64KB -Name demo
$buffer | Write-DmaBufContent "Hello from a guest.`0"
"wrote: $($buffer | Read-DmaBufContent -AsString)"
$pages = $buffer | Export-GuestPages
"shares $($pages.Count) pages, $($pages.Size) bytes, in $($pages.Ranges.Count) ranges, the first $($pages.Ranges[0])"
'sends them to the first who connects to vsock port 900'
$pages | Send-DmaBufFd -Address vsockd:-1:900 -Wait -TimeoutSec 120
"saw the release, and reads: $($buffer | Read-DmaBufContent -AsString)"
Remove-DmaBuf $buffer
"let the pages go: $(@(Get-GuestPages).Count) shared"
