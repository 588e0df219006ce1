<#
.SYNOPSIS
Checks the repository's scripts with PSScriptAnalyzer and prints its findings; exits with 1 if there are any.
#>
param([string] $Root)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
# The built manifest, because it lies beside the files that it names.
$paths = 'build.ps1', 'out/DmaBufPS/DmaBufPS.psd1', 'build', 'lab', 'tests' |
    ForEach-Object { Join-Path $Root $_ } |
    Where-Object { Test-Path -LiteralPath $_ }
$notForScripts = @(
    'PSUseDeclaredVarsMoreThanAssignments'       # Pester's blocks share variables.
    'PSUseUsingScopeModifierInNewRunspaces'      # The rule overlooks the parameters of a job's block.
    'PSUseShouldProcessForStateChangingFunctions', 'PSUseApprovedVerbs' # No script exports a function.
    'PSAvoidGlobalVars'                          # Tests keep variables in another domain's PowerShell.
    'PSUseBOMForUnicodeEncodedFile'              # PowerShell 7 needs no byte order mark.
)
$findings = $paths | ForEach-Object { Invoke-ScriptAnalyzer -Path $_ -Recurse -ExcludeRule $notForScripts }
$findings | ForEach-Object { "$($_.ScriptPath):$($_.Line): $($_.RuleName): $($_.Message)" }
exit [int] [bool] $findings
