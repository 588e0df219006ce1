<#
.SYNOPSIS
Runs a Pester suite and writes each test's outcome and duration to a JSON file. -Tests is a file or folder, or several
with colons between them. -Filter selects tests by their names, or else -Tag by a tag.
#>
param([string] $Pester, [string] $Tests, [string] $Results, [string] $Filter, [string] $Tag)

$ErrorActionPreference = 'Stop'
Import-Module $Pester
$configuration = New-PesterConfiguration
$paths = $Tests -split ':'
# Subfolders are left out, because their tests need other machines.
$configuration.Run.Path = @(Get-ChildItem -LiteralPath $paths -Filter *.Tests.ps1 | ForEach-Object FullName)
$configuration.Run.PassThru = $true
# The build program counts the lines.
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
if ($Filter) {
    $configuration.Filter.FullName = "*$Filter*"
}
elseif ($Tag) {
    # Not both, because Pester would run what matches either.
    $configuration.Filter.Tag = $Tag
}
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
