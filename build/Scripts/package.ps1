<#
.SYNOPSIS
Packs the module into a folder from which Install-PSResource can install it, and prints the commands for that.
#>
param([string] $Module, [string] $Folder)

$ErrorActionPreference = 'Stop'
$manifest = Import-PowerShellDataFile (Join-Path $Module 'DmaBufPS.psd1')
$package = Join-Path $Folder "DmaBufPS.$($manifest.ModuleVersion).nupkg"
Remove-Item -LiteralPath $package -ErrorAction Ignore
Compress-PSResource -Path $Module -DestinationPath $Folder
"The package is $package. To install it:"
"    Register-PSResourceRepository DmaBufPS '$($Folder -replace "'", "''")' -Trusted"
'    Install-PSResource DmaBufPS -Repository DmaBufPS'
