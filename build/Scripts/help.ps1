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
        ForEach-Object {
            # PlatyPS marks an example's blank lines with U+0080, which terminals show; U+200B keeps the lines and does not.
            $text = [IO.File]::ReadAllText($_.FullName).Replace([char]0x80, [char]0x200B).Replace('&#x80;', '&#x200B;')
            [IO.File]::WriteAllText((Join-Path $Output $_.Name), $text)
        }
}
finally {
    Remove-Item -LiteralPath $scratch -Recurse -ErrorAction Ignore
}
