<#
.SYNOPSIS
Checks the cmdlets' pages with PlatyPS and exports them as MAML to a folder. Exits with 1 if a page has an error.
#>
param([string] $Pages, [string] $Output)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
Import-Module -Name Microsoft.PowerShell.PlatyPS
$files = Get-ChildItem -LiteralPath $Pages -Filter '*-*.md'
$failures = foreach ($file in $files) {
    # Escaped, because PlatyPS 1.0 ignores -LiteralPath.
    $check = Test-MarkdownCommandHelp -Path ([WildcardPattern]::Escape($file.FullName)) -DetailView
    if (-not $check.IsValid) {
        $check.Messages -notmatch '^PASS' | ForEach-Object { "$($file.Name): PlatyPS: $_" }
    }
}
$files | Import-MarkdownCommandHelp | Export-MamlCommandHelp -OutputFolder $Output -Force | Out-Null
$failures
exit [int][bool]$failures
