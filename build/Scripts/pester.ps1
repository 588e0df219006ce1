<#
.SYNOPSIS
Runs a Pester suite and writes each test's outcome and duration to a JSON file. -Tests is a file or folder, or several
with colons between them. -Filter selects tests by their names, -Tag by a tag; with both, tests must match both.
#>
param([string] $Pester, [string] $Tests, [string] $Results, [string] $Filter, [string] $Tag)

$ErrorActionPreference = 'Stop'
Import-Module $Pester
$configuration = New-PesterConfiguration
$paths = $Tests -split ':'
# Subfolders are left out, because their tests need other machines.
$configuration.Run.Path = @(Get-ChildItem -LiteralPath $paths -Filter *.Tests.ps1 | ForEach-Object FullName)
$configuration.Run.PassThru = $true
if ($Tag) {
    $configuration.Filter.Tag = $Tag
}
if ($Tag -and $Filter) {
    # Pester would run what matches either, so tests without the tag are found first, and excluded.
    $configuration.Run.SkipRun = $true
    $configuration.Output.Verbosity = 'None'
    $found = Invoke-Pester -Configuration $configuration
    $configuration.Run.SkipRun = $false
    $configuration.Filter.Tag = @()
    $configuration.Filter.ExcludeLine = @(
        $found.Tests | Where-Object -Not ShouldRun | ForEach-Object { "$($_.ScriptBlock.File):$($_.StartLine)" } |
            Select-Object -Unique)
}
if ($Filter) {
    $configuration.Filter.FullName = "*$Filter*"
}
# The build program counts the lines.
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$run = Invoke-Pester -Configuration $configuration

# A file or block that fails before its tests run counts in their place.
$broken = @($run.FailedContainers) + @($run.FailedBlocks) | Where-Object { $_.ErrorRecord }
$outcomes = @(
    foreach ($test in $run.Tests | Where-Object Result -NE 'NotRun') {
        # Only the lines in the tests: Pester adds two dozen of its own to each stack trace.
        $errors = foreach ($record in $test.ErrorRecord) {
            $record.Exception.Message
            $record.ScriptStackTrace -split "`n" | Where-Object { $line = $_; $paths.Where({ $line.Contains($_) }) }
        }
        @{
            Name = $test.ExpandedPath
            Result = $test.Result
            Message = $errors -join "`n"
            Seconds = $test.Duration.TotalSeconds
        }
    }
    foreach ($part in $broken) {
        @{ Name = "$part"; Result = 'Failed'; Message = ($part.ErrorRecord | Out-String) }
    }
)
ConvertTo-Json -InputObject $outcomes | Set-Content -LiteralPath $Results
