<#
.SYNOPSIS
Runs the Pester suite and leaves each test's outcome, and how long it took, in a JSON file.
#>
param([string] $Pester, [string] $Tests, [string] $Results, [string] $Filter)

$ErrorActionPreference = 'Stop'
Import-Module $Pester
$configuration = New-PesterConfiguration
# Not those of folders in it, which need other machines.
$configuration.Run.Path = @(Get-ChildItem -LiteralPath $Tests -Filter *.Tests.ps1 | ForEach-Object FullName)
$configuration.Run.PassThru = $true
# The build program counts the lines.
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
if ($Filter) {
    $configuration.Filter.FullName = "*$Filter*"
}
$run = Invoke-Pester -Configuration $configuration

# A file or block that fails before its tests stands for them.
$broken = @($run.FailedContainers) + @($run.FailedBlocks) | Where-Object { $_.ErrorRecord }
$outcomes = @(
    foreach ($test in $run.Tests | Where-Object Result -NE 'NotRun') {
        # Where in the tests; Pester's own two dozen steps there help nobody.
        $errors = foreach ($record in $test.ErrorRecord) {
            $record.Exception.Message
            $record.ScriptStackTrace -split "`n" | Where-Object { $_.Contains($Tests) }
        }
        @{ Name = $test.ExpandedPath; Result = $test.Result; Message = $errors -join "`n"; Seconds = $test.Duration.TotalSeconds }
    }
    foreach ($part in $broken) {
        @{ Name = "$part"; Result = 'Failed'; Message = ($part.ErrorRecord | Out-String) }
    }
)
ConvertTo-Json -InputObject $outcomes | Set-Content -LiteralPath $Results
