# The exporter's side of the demonstration: creates a buffer, shares it with dom0 and reads the answer in it.
$ErrorActionPreference = 'Stop'
Import-Module ($env:DMABUFPS_MODULE ?? "$PSScriptRoot/../../out/DmaBufPS")

$buffer = New-UDmaBuf 64KB -Name demo
try {
    $grants = $buffer | Export-GrantRefs -Domain 0
    "granted the pages of the dma-buf '$($buffer.Name)' to dom0"
}
catch {
    # Distribution kernels lack CONFIG_XEN_GNTDEV_DMABUF.
    if ($_.FullyQualifiedErrorId -notlike 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOTTY*') { throw }
    'cannot grant a dma-buf on this kernel (IMP_TO_REFS: ENOTTY), so shares pages of the grant allocator'
    Remove-DmaBuf $buffer
    $buffer = New-GrantBuf 64KB -Domain 0
    $grants = $buffer | Export-GrantRefs -Domain 0
}

"shares $($grants.Count) pages, $($grants.Size) bytes: references $($grants.Refs[0]) to $($grants.Refs[-1])"
$buffer | Write-DmaBufContent "Hello from domain $($grants.Domain).`0"
"wrote: $($buffer | Read-DmaBufContent -AsString)"
'sends the references to the first who connects to tcp port 8000'
$grants | Send-DmaBufFd -Address tcpd:0.0.0.0:8000 -Wait -TimeoutSec 120
"saw the release, and reads: $($buffer | Read-DmaBufContent -AsString)"
Remove-DmaBuf $buffer
"revoked the grants: $(@(Get-GrantRefs).Count) left"
