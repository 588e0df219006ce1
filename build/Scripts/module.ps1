<#
.SYNOPSIS
Prints where the newest installed version of a module has its manifest; nothing where none that serves is installed.
#>
param([string] $Name)

# Versions that differ behind the first number serve, too.
$major = @{ 'Pester' = 5; 'Microsoft.PowerShell.PlatyPS' = 1; 'PSScriptAnalyzer' = 1 }[$Name]
Get-Module -ListAvailable -Name $Name |
    Where-Object { $_.Version.Major -eq $major } |
    Sort-Object Version -Descending |
    Select-Object -First 1 -ExpandProperty Path
