@{
    RootModule           = 'DmaBufPS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '6f0a4f0e-3f3b-4e5e-9f0c-8a1d5b1c9a77'
    Author               = 'The DmaBufPS developers'
    Copyright            = '(c) The DmaBufPS developers. MIT licence.'
    Description          = 'Creates Linux DMA-BUFs, hands them to other processes, Xen domains and the host of a KVM guest without a copy, and reads and writes what is in them.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('DmaBufPS.Types.ps1xml')
    FormatsToProcess     = @('DmaBufPS.Format.ps1xml')
    CmdletsToExport      = @(
        'Compare-DmaBufContent'
        'Connect-DmaBufChannel'
        'Connect-GuestMemory'
        'Disconnect-DmaBufChannel'
        'Disconnect-GuestMemory'
        'Export-GrantRefs'
        'Export-GuestPages'
        'Get-DmaBuf'
        'Get-DmaBufChannel'
        'Get-DmaBufShare'
        'Get-DmaBufSupport'
        'Get-GrantRefs'
        'Get-GuestMemory'
        'Get-GuestPages'
        'Get-VideoDevice'
        'Get-XenDomain'
        'Import-DmaBuf'
        'Import-GrantRefs'
        'Import-GuestPages'
        'Lock-DmaBuf'
        'New-DmaHeapBuf'
        'New-GrantBuf'
        'New-UDmaBuf'
        'Publish-DmaBuf'
        'Read-DmaBufContent'
        'Receive-DmaBuf'
        'Receive-DmaBufEvent'
        'Receive-VideoStream'
        'Remove-DmaBuf'
        'Revoke-GrantRefs'
        'Revoke-GuestPages'
        'Save-DmaBufImage'
        'Send-DmaBufFd'
        'Send-VideoStream'
        'Show-DmaBufImage'
        'Test-DmaBufSupport'
        'Unlock-DmaBuf'
        'Unpublish-DmaBuf'
        'Wait-DmaBufFence'
        'Wait-DmaBufRelease'
        'Write-DmaBufContent'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags       = @('Linux', 'dma-buf', 'udmabuf', 'dma-heap', 'Xen', 'KVM', 'virtualization')
            LicenseUri = 'https://opensource.org/license/mit'
        }
    }
}
