# Tests every way to share a buffer between two domains, with each of the grant device's drivers: on a host with a PV
# dom0, a PV and a PVH guest, on one with PVH domains only, and on one of Arm64. The data is compared in both
# directions; where a kernel refuses, the refusal must be the one that the help names. A call to a guest takes half a
# second in the emulated host, so one call makes all of a pair's buffers, and the tests examine the results.

BeforeDiscovery {
    . $PSScriptRoot/common.ps1
    $domains = 'dom0', 'alice', 'bob'
    $script:Pairs = foreach ($exporter in $domains) {
        foreach ($importer in $domains -ne $exporter) { @{ Exporter = $exporter; Importer = $importer } }
    }
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest alice, bob
    $script:Kinds = 'dma-buf', 'pages', 'directory', 'mapping', 'required'
    $script:Size = 32KB

    # Makes a buffer of each kind, with noise in it, and returns its references or the reason why there are none.
    $script:Export = {
        param ($peer, $kinds, $canGrantDmaBuf, $size)
        $global:buffers = [ordered]@{}
        $seed = 10
        foreach ($kind in $kinds) {
            try {
                $buffer = if ($kind -eq 'dma-buf' -or ($canGrantDmaBuf -and $kind -ne 'pages')) { New-UDmaBuf $size }
                else { New-GrantBuf $size -Domain $peer }
                $buffers[$kind] = $buffer
                $buffer | Write-DmaBufContent (Get-Noise $size $seed)
                # Every page is right here, so a warning about wrong pages is an error.
                $buffer | Export-GrantRefs -Domain $peer -Directory:($kind -eq 'directory') -WarningAction Stop
            }
            catch {
                $_ | ConvertTo-Failure
            }
            $seed++
        }
    }

    # Imports each buffer, returns the result with the hash of the content, and writes other noise. The remaining
    # arguments are the references.
    $script:Import = {
        param ($domain, $kinds, $size)
        for ($i = 0; $i -lt $kinds.Count; $i++) {
            $kind, $grants = $kinds[$i], $args[$i]
            if ($grants.Id) {
                $grants
                continue
            }
            try {
                $import = switch ($kind) {
                    'directory' { Import-GrantRefs -Directory $grants.Directory -Size $size -Domain $domain }
                    'mapping' { $grants | Import-GrantRefs -Mapping }
                    'required' { $grants | Import-GrantRefs -RequireDmaBuf }
                    default { $grants | Import-GrantRefs }
                }
                [pscustomobject]@{
                    Origin = "$($import.Origin)"
                    IsDmaBuf = $import.IsDmaBuf
                    Size = $import.Size
                    Hash = ($import | Read-DmaBufContent -AsHash).Hash
                }
                $import | Write-DmaBufContent (Get-Noise $size (20 + $i))
            }
            catch {
                $_ | ConvertTo-Failure
            }
        }
    }

    $script:Check = { $buffers.Values | ForEach-Object { ($_ | Read-DmaBufContent -AsHash).Hash } }

    function Invoke-Exchange (
        [string] $Exporter, [string] $Importer, [bool] $CanGrantDmaBuf, [string[]] $Kinds, [int] $Size
    ) {
        $grants = @(On $Exporter $Export (Get-DomainId $Importer), $Kinds, $CanGrantDmaBuf, $Size)
        $imports = @(On $Importer $Import (@("$(Get-DomainId $Exporter)", $Kinds, $Size) + $grants))
        $hashes = @(On $Exporter $Check)
        $result = @{}
        for ($i = 0; $i -lt $Kinds.Count; $i++) {
            $result[$Kinds[$i]] = [pscustomobject]@{
                Grants = $grants[$i]
                Import = $imports[$i]
                Answer = $hashes[$i]
                Index = $i
            }
        }
        $result
    }

    # Checks that the importer read what the exporter wrote, and the other way round.
    function Should-HaveCrossed ($Exchange, [int] $Bytes = $Size, [bool] $AsDmaBuf = $false) {
        $Exchange.Grants.Count | Should -Be ($Bytes / 4KB) -Because $Exchange.Grants.Message
        $Exchange.Import.Id | Should -BeNullOrEmpty -Because $Exchange.Import.Message
        $Exchange.Import.Size | Should -Be $Bytes
        $written = Get-NoiseHash $Bytes (10 + $Exchange.Index)
        $Exchange.Import.Hash | Should -Be $written -Because 'the importer reads what the exporter wrote'
        $written = Get-NoiseHash $Bytes (20 + $Exchange.Index)
        $Exchange.Answer | Should -Be $written -Because 'the exporter reads what the importer wrote'
        $Exchange.Import.Origin | Should -Be ($AsDmaBuf ? 'GrantImport' : 'GrantMapping')
        $Exchange.Import.IsDmaBuf | Should -Be $AsDmaBuf
    }
}

AfterAll { Assert-NothingLeft }

Describe 'With the <_> driver in the guests' -ForEach Distribution, Stock, Mmap {
    BeforeAll {
        $driver = $_
        Assert-NothingLeft
        Use-Driver $driver alice, bob
    }

    Context '<Exporter> to <Importer>' -ForEach $Pairs {
        BeforeAll {
            $canGrantDmaBuf = $Exporter -eq 'dom0' -or $driver -ne 'Distribution'
            # Which of them dom0 boots with makes no difference here: mmap on x86, stock on Arm64.
            $importDriver = $Importer -eq 'dom0' ? 'Mmap' : $driver
            $makesDmaBuf = Test-MakesDmaBuf $Importer $importDriver
            $exchange = Invoke-Exchange $Exporter $Importer -CanGrantDmaBuf $canGrantDmaBuf -Kinds $Kinds -Size $Size
        }
        AfterAll { Assert-NothingLeft }

        It 'shares a dma-buf, or names the alternative' {
            if ($canGrantDmaBuf) {
                Should-HaveCrossed $exchange['dma-buf'] -AsDmaBuf $makesDmaBuf
            }
            else {
                $failure = $exchange['dma-buf'].Grants
                Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOTTY' NotImplemented 'New-GrantBuf'
            }
        }

        It 'shares pages of the grant allocator' {
            Should-HaveCrossed $exchange['pages'] -AsDmaBuf $makesDmaBuf
        }

        It 'shares by one reference to a directory' {
            Should-HaveCrossed $exchange['directory'] -AsDmaBuf $makesDmaBuf
        }

        It 'makes a mapping on request' {
            Should-HaveCrossed $exchange['mapping']
        }

        It 'makes a dma-buf where one is required, and refuses in PV domains and without the driver for it' {
            if ($makesDmaBuf) {
                Should-HaveCrossed $exchange['required'] -AsDmaBuf $true
            }
            elseif ($importDriver -eq 'Distribution') {
                $failure = $exchange['required'].Import
                $id = 'IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,ENOTTY'
                Should-Fail $failure $id NotImplemented 'CONFIG_XEN_GNTDEV_DMABUF'
            }
            else {
                $failure = $exchange['required'].Import
                Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,EINVAL' InvalidArgument '-Mapping'
            }
        }
    }
}

Describe 'Larger and other buffers' {
    AfterEach { Assert-NothingLeft }

    It 'shares 16 MiB from <Exporter> to <Importer>' -ForEach @(
        @{ Exporter = 'alice'; Importer = 'dom0' }
        @{ Exporter = 'dom0'; Importer = 'bob' }) {
        $exchange = Invoke-Exchange $Exporter $Importer -CanGrantDmaBuf $true -Kinds mapping -Size 16MB
        Should-HaveCrossed $exchange['mapping'] -Bytes 16MB
    }

    It 'shares a buffer whose directory has more than one page' {
        $exchange = Invoke-Exchange dom0 alice -CanGrantDmaBuf $true -Kinds directory -Size 8MB
        Should-HaveCrossed $exchange['directory'] -Bytes 8MB -AsDmaBuf (Test-MakesDmaBuf alice Mmap)
    }

    It 'shares a buffer of a dma-heap' {
        if ($IsArm64) {
            Set-ItResult -Skipped -Because "Debian's Arm64 kernel has no dma-heaps"
        }
        $grants = On alice {
            $global:buffer = New-DmaHeapBuf 64KB
            $buffer | Write-DmaBufContent 'from a heap'
            $buffer | Export-GrantRefs -Domain 0
        }
        $import = $grants | Import-GrantRefs
        $import | Read-DmaBufContent -AsString -Count 11 | Should -Be 'from a heap'
        $import | Write-DmaBufContent 'and back' -Offset 60KB
        On alice { $buffer | Read-DmaBufContent -AsString -Offset 60KB -Count 8 } | Should -Be 'and back'
    }
}

Describe 'A buffer of New-GrantBuf that comes through remoting' {
    BeforeAll { Start-Guest alice }
    AfterEach { Assert-NothingLeft }

    It 'is imported as its references, under the name that it gets' {
        $copy = On alice { New-GrantBuf 8KB -Domain dom0 -Name there | Write-DmaBufContent 'from alice' -PassThru }
        "$copy" | Should -Match "'there'"
        $import = $copy | Import-GrantRefs -Name here
        $import.Name | Should -Be here
        $import.Domain | Should -Be (Get-DomainId alice)
        $import | Read-DmaBufContent -AsString | Should -Be 'from alice'
        $import | Out-String | Should -Match "\(domain $(Get-DomainId alice)\)"
        { $copy | Read-DmaBufContent } | Should -Throw '*belongs to another process*'
        Get-DmaBuf -System -Name here | ForEach-Object ProcessId | Should -Be $PID
        On alice { Get-DmaBuf there | Remove-DmaBuf }
        $import | Remove-DmaBuf
    }
}
