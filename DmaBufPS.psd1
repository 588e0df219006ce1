@{
    RootModule           = 'DmaBufPS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '6f0a4f0e-3f3b-4e5e-9f0c-8a1d5b1c9a77'
    Author               = 'The DmaBufPS developers'
    Copyright            = '(c) The DmaBufPS developers. MIT licence.'
    Description          = 'Creates Linux DMA-BUFs, hands them to other processes without a copy, and reads and writes what is in them.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('DmaBufPS.Format.ps1xml')
    CmdletsToExport      = @(
        'Get-DmaBuf'
        'Get-DmaBufSupport'
        'New-DmaHeapBuf'
        'New-UDmaBuf'
        'Read-DmaBufContent'
        'Receive-DmaBuf'
        'Remove-DmaBuf'
        'Send-DmaBufFd'
        'Test-DmaBufSupport'
        'Write-DmaBufContent'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags       = @('Linux', 'dma-buf', 'udmabuf', 'dma-heap', 'Xen', 'virtualization')
            LicenseUri = 'https://opensource.org/license/mit'
        }
    }
}
