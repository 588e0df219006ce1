<#
.SYNOPSIS
Checks the pages of the cmdlets with PlatyPS, and exports its MAML to a folder. Exits with 1 if a page is wrong.
#>
param([string] $Pages, [string] $Output)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
Import-Module -Name Microsoft.PowerShell.PlatyPS
$files = Get-ChildItem -LiteralPath $Pages -Filter '*-*.md'
$failures = foreach ($file in $files) {
    # Not -LiteralPath, which PlatyPS 1.0 ignores.
    $check = Test-MarkdownCommandHelp -Path ([WildcardPattern]::Escape($file.FullName)) -DetailView
    if (-not $check.IsValid) {
        $check.Messages -notmatch '^PASS' | ForEach-Object { "$($file.Name): PlatyPS: $_" }
    }
}
$files | Import-MarkdownCommandHelp | Export-MamlCommandHelp -OutputFolder $Output -Force | Out-Null
$failures
exit [int][bool]$failures
