@{
    RootModule        = 'OneCmdlet.dll'
    ModuleVersion     = '0.1.0'
    GUID              = '0c3b1f52-6c1a-4d0f-9a52-53f1d2f4b7aa'
    PowerShellVersion = '7.6'
    CmdletsToExport   = @('Get-One')
    FunctionsToExport = @()
    VariablesToExport = @()
    AliasesToExport   = @()
}
