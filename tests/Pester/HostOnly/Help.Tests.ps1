BeforeDiscovery {
    $cmdlets = (Import-PowerShellDataFile "$PSScriptRoot/../../../DmaBufPS.psd1").CmdletsToExport
    $topics = (Get-ChildItem "$PSScriptRoot/../../../docs/help/about_*.md").BaseName
    # Every id begins with one of these: the core's faults and, for a failed call, the call.
    . $PSScriptRoot/../common.ps1
    $ids = @(
        foreach ($kind in 'Address', 'Buffer', 'Display', 'Domain', 'Guest', 'Peer', 'Picture', 'Share', 'Stream') {
            [Enum]::GetNames("DmaBuf.Errors.$($kind)Fault") | ForEach-Object { "$kind,$_" }
        }
        'Wait,ETIMEDOUT'
        $call = '\b(?:KernelException|Failure)\((?:\s|//[^\n]*)*(?:"([A-Za-z]\w+)"|nameof\((?:\w+\.)*(\w+)\))'
        Get-ChildItem "$RepositoryRoot/src/DmaBuf" -Filter *.cs -Recurse | Get-Content -Raw |
            Select-String $call -AllMatches | ForEach-Object Matches |
            ForEach-Object { "$($_.Groups[1])$($_.Groups[2])," } | Sort-Object -Unique
    )
}

BeforeAll {
    . $PSScriptRoot/../common.ps1
    $script:Pages = Join-Path $RepositoryRoot docs/help

    # Returns the text below each heading of a level, by heading.
    function Split-Page ([string] $Text, [string] $Level) {
        $parts = [ordered]@{}
        $pieces = $Text -split "(?m)^$Level (.+)\n"
        for ($i = 1; $i -lt $pieces.Count; $i += 2) {
            $parts[$pieces[$i]] = $pieces[$i + 1].Trim("`n")
        }
        $parts
    }

    # Returns the text of a page without Markdown's marks; code is unchanged.
    function ConvertTo-PlainText ([string] $Text) {
        $pieces = $Text -split '(?m)^```\w*\n?'
        for ($i = 0; $i -lt $pieces.Count; $i += 2) {
            $pieces[$i] = $pieces[$i] -replace '(`+)(.+?)(?<!`)\1(?!`)', '$2' -replace
                '\[([^]]+)\]\((http[^)]+)\)', '$1 ($2)' -replace '\[([^]]+)\]\([^)]+\)', '$1'
        }
        -join $pieces
    }

    # Returns each block of lines between blank lines as one line, without the marks of lists.
    function Split-Block ([string] $Text) {
        $Text -replace "`u{200B}" -split '\n\s*\n' |
            ForEach-Object { ($_ -replace '(?m)^\s*[*-] ' -replace '\s+', ' ').Trim() } |
            Where-Object { $_ }
    }

    # Returns how an object is shown, in lines so wide that none is wrapped.
    function Get-ShownText ($Object) {
        $Object | Out-String -Width 4096
    }

    # Returns the content of the first code block.
    function Get-FirstCode ([string] $Text) {
        ($Text -split '(?m)^```\w*\n?')[1].TrimEnd()
    }

    function Get-PipelineInput ($Sets) {
        $ways = @(
            if ($Sets.ValueFromPipeline -contains $true) { 'ByValue' }
            if ($Sets.ValueFromPipelineByPropertyName -contains $true) { 'ByPropertyName' }
        )
        $ways ? "true ($($ways -join ', '))" : 'false'
    }

    function Get-Position ($Set) {
        $Set.Position -ge 0 ? "$($Set.Position)" : 'named'
    }

    # Returns the values that a parameter accepts: those of an enumeration or of a list of values.
    function Get-AcceptedValue ([Management.Automation.ParameterMetadata] $Parameter) {
        $type = $Parameter.ParameterType.IsArray ? $Parameter.ParameterType.GetElementType() : $Parameter.ParameterType
        $type.IsEnum ? [enum]::GetNames($type) : $Parameter.Attributes.ValidValues
    }

    # Returns, in one line, what Get-Help must show about a parameter: the page's text and the facts of the cmdlet's own
    # declaration.
    function Get-ExpectedParameter ($Command, $Parameter, [string] $Description) {
        $text, $yaml = $Description -split '(?m)^```yaml\n'
        $default = [regex]::Match($yaml, '(?m)^DefaultValue: (.+)$').Groups[1].Value
        $sets = @($Parameter.ParameterSets.Values)
        $hasWildcards = $Parameter.Attributes.TypeId -contains [SupportsWildcards]
        @(
            "-$($Parameter.Name)"
            # The type as "Get-Command -Syntax" shows it; a switch has none.
            [regex]::Match("$($Command.ParameterSets)", "-$($Parameter.Name)\]? (<[^>]+>)|$").Groups[1].Value
            Split-Block (ConvertTo-PlainText $text)
            "Required? $(($sets.IsMandatory -contains $true) ? 'true' : 'false')"
            "Position? $(Get-Position $sets[0])"
            "Default value $($default -eq "''" ? 'None' : $default)"
            "Accept pipeline input? $(Get-PipelineInput $sets)"
            "Aliases $($Parameter.Aliases ? $Parameter.Aliases -join ', ' : 'none')"
            "Accept wildcard characters? $($hasWildcards ? 'true' : 'false')"
        ).Where{ $_ } -join ' '
    }
}

Describe 'Get-Help <_>' -ForEach $cmdlets {
    BeforeAll {
        $page = Get-Content -LiteralPath "$Pages/$_.md" -Raw
        $sections = Split-Page $page '##'
        $command = Get-Command $_
        $parameters = $command.Parameters.Values |
            Where-Object Name -NotIn ([Management.Automation.Cmdlet]::CommonParameters) | Sort-Object Name
        $help = Get-Help $_ -Full
        # A heading is not part of the paragraph below it.
        $shown = Split-Block ((Get-ShownText $help) -creplace '(?m)^[A-Z ]+$', "`$0`n")
    }

    It 'shows what the cmdlet does' {
        $help.Synopsis | Should -BeExactly (ConvertTo-PlainText $sections.SYNOPSIS)
        $text = $sections['DESCRIPTION', 'NOTES'].ForEach{ Split-Block (ConvertTo-PlainText $_) }
        $text | Where-Object { $_ -cnotin $shown } | Should -BeNullOrEmpty
        $page | Should -Not -Match '\{\{' -Because 'PlatyPS marks missing texts with braces'
    }

    It 'shows the parameters of the cmdlet, and no others' {
        $descriptions = Split-Page $sections.PARAMETERS '###'
        $described = $descriptions.Keys | Where-Object { $_ -ne 'CommonParameters' }
        $described | Sort-Object | Should -Be $parameters.ForEach{ "-$($_.Name)" }
        $entries = @($help.parameters.parameter)
        $entries.name | Sort-Object | Should -Be $parameters.Name

        $expected, $actual = @(), @()
        foreach ($parameter in $parameters) {
            $entry = $entries | Where-Object name -EQ $parameter.Name
            $expected += Get-ExpectedParameter $command $parameter $descriptions["-$($parameter.Name)"]
            $actual += (Split-Block (Get-ShownText $entry)) -join ' '
            $expected += $parameter.ParameterType.ToString(), "$(Get-AcceptedValue $parameter)"
            $values = $entry.psobject.Members['parameterValueGroup'] ? $entry.parameterValueGroup.parameterValue : ''
            $actual += $entry.type.name, "$values"
        }
        $actual | Should -BeExactly $expected
    }

    It 'shows the parameter sets of the cmdlet' {
        $expected = $command.ParameterSets.ForEach{
            $set = $_.Parameters | Where-Object Name -In $parameters.Name | Sort-Object Name
            $set.ForEach{ "$($_.Name) $($_.IsMandatory) $(Get-Position $_)" } -join '; '
        }
        $actual = @($help.syntax.syntaxItem).ForEach{
            ($_.parameter | Sort-Object name).ForEach{ "$($_.name) $($_.required) $($_.position)" } -join '; '
        }
        $actual | Sort-Object | Should -Be ($expected | Sort-Object)
    }

    It 'shows every example with its code and text' {
        $examples = Split-Page $sections.EXAMPLES '###'
        $examples.Count | Should -BeGreaterThan 0
        @($help.examples.example).Count | Should -Be $examples.Count
        $expected, $actual = @(), @()
        foreach ($title in $examples.Keys) {
            $example = $help.examples.example | Where-Object title -EQ "--------- $title ---------"
            $expected += Get-FirstCode $examples[$title]
            $actual += $example.code
            $expected += @("--------- $title ---------") + (Split-Block (ConvertTo-PlainText $examples[$title]))
            $actual += Split-Block (Get-ShownText $example)
        }
        $actual | Should -BeExactly $expected
    }

    It 'shows the types of the cmdlet''s input and output' {
        foreach ($property in 'inputTypes', 'returnValues') {
            $types = Split-Page $sections[$property -eq 'inputTypes' ? 'INPUTS' : 'OUTPUTS'] '###'
            $expected = foreach ($type in $types.Keys) { $type; Split-Block (ConvertTo-PlainText $types[$type]) }
            (Split-Block (Get-ShownText $help.$property)) -join ' ' | Should -BeExactly ($expected -join ' ')
        }
    }

    It 'shows the related links, and calls none of them the online version' {
        $links = $sections['RELATED LINKS'] -split '\n' -replace '^- \[(.+)\]\((http.+)\)$', '$1 $2' -replace
            '^- \[(.+)\]\(.+\)$', '$1'
        $help.relatedLinks.navigationLink.linkText | Should -BeExactly $links
        $online = [regex]::Match($page, "(?m)^HelpUri: '?([^'\n]*)").Groups[1].Value
        "$($help.relatedLinks.navigationLink.uri | Where-Object { $_ })" | Should -Be $online
    }
}

Describe 'Get-Help' {
    It 'has a page for each cmdlet, and for nothing else' {
        $exported = (Get-Command -Module DmaBufPS).Name | Sort-Object
        (Get-ChildItem "$Pages/*-*.md").BaseName | Sort-Object | Should -Be $exported
    }

    It 'finds <_>' -ForEach $topics {
        Get-Help $_ | Should -BeExactly (Get-Content -LiteralPath "$Pages/$_.md" -Raw)
    }

    It 'fits the width of the screen' {
        $lines = (Get-Help New-UDmaBuf -Full | Out-String -Width 80) -split '\n'
        $lines | Where-Object Length -GT 80 | Should -BeNullOrEmpty
    }
}

Describe 'The id <_>' -ForEach $ids {
    It 'is on a help page' {
        "$RepositoryRoot/docs/help/*.md" | Should -FileContentMatch "(?<![\w,])$([regex]::Escape($_))"
    }
}
