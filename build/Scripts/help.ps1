<#
.SYNOPSIS
Turns the pages of docs/help into the file that Get-Help reads.
#>
param([string] $Pages, [string] $Output)

$ErrorActionPreference = 'Stop'
$scratch = Join-Path ([IO.Path]::GetTempPath()) "dmabufps-help-$PID"
try {
    Get-ChildItem -Path $Pages -Filter '*-*.md' |
        Import-MarkdownCommandHelp |
        Export-MamlCommandHelp -OutputFolder $scratch -Force |
        Copy-Item -Destination $Output
}
finally {
    Remove-Item -LiteralPath $scratch -Recurse -ErrorAction Ignore
}
