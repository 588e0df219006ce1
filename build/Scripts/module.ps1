<#
.SYNOPSIS
Prints the manifest's path of the newest suitable version of a module that is installed, or nothing.
#>
param([string] $Name)

# Any version with this major number will do.
$major = @{ 'Pester' = 5; 'Microsoft.PowerShell.PlatyPS' = 1; 'PSScriptAnalyzer' = 1 }[$Name]
Get-Module -ListAvailable -Name $Name |
    Where-Object { $_.Version.Major -eq $major } |
    Sort-Object Version -Descending |
    Select-Object -First 1 -ExpandProperty Path
