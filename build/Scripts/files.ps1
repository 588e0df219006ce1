<#
.SYNOPSIS
Prints, one per line, the files that a remote session of this PowerShell reads, except the module's, which change often.
#>
param([string] $Module)

$ErrorActionPreference = 'Stop'
# A job runs in its own PowerShell process, which starts as a remote session does.
Start-Job -ArgumentList $Module {
    param($module)
    Import-Module Microsoft.PowerShell.Utility, Microsoft.PowerShell.Management, Microsoft.PowerShell.Security,
        Microsoft.PowerShell.ThreadJob, $module
    $null = 1..2 | Sort-Object | ForEach-Object { "$_" } | ConvertTo-Json | Out-String
    $null = Start-ThreadJob { 1 } | Receive-Job -Wait -AutoRemoveJob
    $null = [Security.Cryptography.SHA256]::HashData([byte[]] 1)
    [IO.File]::ReadAllLines('/proc/self/maps') -replace '^[^/]*' -match '^/.*\.(dll|so[.0-9]*)$'
} | Receive-Job -Wait -AutoRemoveJob | Where-Object { -not $_.StartsWith($Module) } | Select-Object -Unique

[IO.Directory]::EnumerateFiles($PSHOME, '*.json')
[IO.Directory]::EnumerateFiles("$PSHOME/Modules", 'Microsoft.PowerShell.*.psd1', 'AllDirectories')
(Get-Process -Id $PID).Path
$framework = [Runtime.InteropServices.RuntimeEnvironment]::GetRuntimeDirectory()
[IO.Directory]::EnumerateFiles($framework, '*.json')
