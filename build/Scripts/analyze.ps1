<#
.SYNOPSIS
Checks the repository's scripts and prints what PSScriptAnalyzer finds; exits with 1 when that is anything.
#>
param([string] $Root)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
# The manifest where its files are: beside them, as it was built.
$paths = 'build.ps1', 'out/DmaBufPS/DmaBufPS.psd1', 'build', 'lab', 'tests' |
    ForEach-Object { Join-Path $Root $_ } |
    Where-Object { Test-Path -LiteralPath $_ }
$notForScripts = @(
    'PSUseDeclaredVarsMoreThanAssignments'       # Pester's blocks share variables.
    'PSUseUsingScopeModifierInNewRunspaces'      # It overlooks the parameters of a job's block.
    'PSUseShouldProcessForStateChangingFunctions', 'PSUseApprovedVerbs' # No script exports a function.
    'PSAvoidGlobalVars'                          # What a test keeps in another domain's PowerShell.
    'PSUseBOMForUnicodeEncodedFile'              # PowerShell 7 reads UTF-8 as it is.
)
$findings = $paths | ForEach-Object { Invoke-ScriptAnalyzer -Path $_ -Recurse -ExcludeRule $notForScripts }
$findings | ForEach-Object { "$($_.ScriptPath):$($_.Line): $($_.RuleName): $($_.Message)" }
exit [int] [bool] $findings
