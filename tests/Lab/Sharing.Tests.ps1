# Every way to share a buffer between two domains, with each of the grant device's drivers. The data is compared in
# both directions; what a kernel refuses must be the refusal that the help names. A call to a guest takes about a second
# in the emulated host, so one call makes all of a pair's buffers, and the tests look at what came of it.

BeforeDiscovery {
    . $PSScriptRoot/common.ps1
    # One pair of each kind; on a host with PVH domains only those that one is in.
    $types = [ordered]@{ dom0 = "$(Get-DomainType dom0) dom0"; alice = Get-DomainType alice; bob = Get-DomainType bob }
    $script:Pairs = foreach ($exporter in $types.Keys) {
        foreach ($importer in $types.Keys | Where-Object { $_ -ne $exporter }) {
            @{ Exporter = $exporter; Importer = $importer; Types = "$($types[$exporter]) to $($types[$importer])" }
        }
    }
    $hasPvh = @($types.Values) -match 'pvh'
    $script:Pairs = $Pairs | Where-Object { -not $hasPvh -or $_.Types -match 'pvh' } |
        Group-Object Types | ForEach-Object { $_.Group[0] }
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest alice, bob
    $script:AliceIsPvh = (Get-DomainType alice) -eq 'pvh'
    $script:PvhDomains = 'dom0', 'alice', 'bob' | Where-Object { (Get-DomainType $_) -eq 'pvh' }
    $script:Kinds = 'dma-buf', 'pages', 'directory', 'mapping', 'required'
    $script:Size = 32KB

    # For each kind a buffer with noise in it, and its references or why there are none.
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
                # A warning of wrong pages would be wrong here.
                $buffer | Export-GrantRefs -Domain $peer -Directory:($kind -eq 'directory') -WarningAction Stop
            }
            catch {
                $_ | ConvertTo-Failure
            }
            $seed++
        }
    }

    # Imports each: how that went, the hash of what was there, and other noise is written. The arguments' rest are the
    # references.
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

    function Invoke-Exchange ([string] $Exporter, [string] $Importer, [bool] $CanGrantDmaBuf, [string[]] $Kinds, [int] $Size) {
        $grants = @(On $Exporter $Export (Get-DomainId $Importer), $Kinds, $CanGrantDmaBuf, $Size)
        $imports = @(On $Importer $Import (@("$(Get-DomainId $Exporter)", $Kinds, $Size) + $grants))
        $hashes = @(On $Exporter $Check)
        $result = @{}
        for ($i = 0; $i -lt $Kinds.Count; $i++) {
            $result[$Kinds[$i]] = [pscustomobject]@{ Grants = $grants[$i]; Import = $imports[$i]; Answer = $hashes[$i]; Index = $i }
        }
        $result
    }

    # What the exporter wrote was there for the importer, and what that wrote came back.
    function Should-HaveCrossed ($Exchange, [string] $Origin, [int] $Bytes = $Size) {
        $Exchange.Grants.Count | Should -Be ($Bytes / 4KB) -Because $Exchange.Grants.Message
        $Exchange.Import.Id | Should -BeNullOrEmpty -Because $Exchange.Import.Message
        $Exchange.Import.Size | Should -Be $Bytes
        $Exchange.Import.Hash | Should -Be (Get-NoiseHash $Bytes (10 + $Exchange.Index)) -Because 'the importer reads what the exporter wrote'
        $Exchange.Answer | Should -Be (Get-NoiseHash $Bytes (20 + $Exchange.Index)) -Because 'the exporter reads what the importer wrote'
        $Exchange.Import.Origin | Should -Be $Origin
        $Exchange.Import.IsDmaBuf | Should -Be ($Origin -eq 'GrantImport')
    }
}

AfterAll { Assert-NothingLeft }

Describe 'With the <_> driver in the guests' -ForEach Distribution, Stock, Mmap {
    BeforeAll {
        $driver = $_
        Assert-NothingLeft
        Use-Driver $driver alice, bob
    }

    Context '<Exporter> to <Importer> (<Types>)' -ForEach $Pairs {
        BeforeAll {
            $canGrantDmaBuf = $Exporter -eq 'dom0' -or $driver -ne 'Distribution'
            $makesDmaBuf = $Importer -in $PvhDomains -and ($Importer -eq 'dom0' -or $driver -eq 'Mmap')
            $lacksDmaBuf = $Importer -ne 'dom0' -and $driver -eq 'Distribution'
            $origin = $makesDmaBuf ? 'GrantImport' : 'GrantMapping'
            $exchange = Invoke-Exchange $Exporter $Importer -CanGrantDmaBuf $canGrantDmaBuf -Kinds $Kinds -Size $Size
        }
        AfterAll { Assert-NothingLeft }

        It 'shares a dma-buf, or says what else to share' {
            if ($canGrantDmaBuf) {
                Should-HaveCrossed $exchange['dma-buf'] $origin
            }
            else {
                Should-Fail $exchange['dma-buf'].Grants 'IMP_TO_REFS,ENOTTY' NotImplemented 'New-GrantBuf'
            }
        }

        It 'shares pages of the grant allocator' {
            Should-HaveCrossed $exchange['pages'] $origin
        }

        It 'shares by one reference to a directory' {
            Should-HaveCrossed $exchange['directory'] $origin
        }

        It 'maps where a mapping is asked for' {
            Should-HaveCrossed $exchange['mapping'] GrantMapping
        }

        It 'makes a dma-buf where one is required, or refuses' {
            if ($makesDmaBuf) {
                Should-HaveCrossed $exchange['required'] GrantImport
            }
            elseif ($lacksDmaBuf) {
                Should-Fail $exchange['required'].Import 'EXP_FROM_REFS,ENOTTY' NotImplemented 'CONFIG_XEN_GNTDEV_DMABUF'
            }
            else {
                Should-Fail $exchange['required'].Import 'EXP_FROM_REFS,EINVAL' InvalidArgument '-Mapping'
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
        Should-HaveCrossed $exchange['mapping'] GrantMapping -Bytes 16MB
    }

    It 'shares a buffer whose directory has more than one page' {
        $exchange = Invoke-Exchange dom0 alice -CanGrantDmaBuf $true -Kinds directory -Size 8MB
        Should-HaveCrossed $exchange['directory'] ($AliceIsPvh ? 'GrantImport' : 'GrantMapping') -Bytes 8MB
    }

    It 'shares a buffer of a dma-heap' {
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

Describe 'A dma-buf of references' {
    BeforeAll {
        if ($AliceIsPvh) {
            # An import, and the buffer of the process that got its descriptor: here a second holder in the same process.
            On alice {
                function global:New-HandedOn ($Grants, $Path) {
                    $import = $Grants | Import-GrantRefs -RequireDmaBuf
                    $receiving = Start-ThreadJob { Import-Module $using:modulePath; Receive-DmaBuf "unixd:$using:Path" -TimeoutSec 60 }
                    Wait-Until { Test-Path $Path }
                    $import | Send-DmaBufFd "unix:$Path" -TimeoutSec 60
                    $import
                    Complete-Job $receiving
                }
            }
        }
    }
    BeforeEach { if (-not $AliceIsPvh) { Set-ItResult -Skipped -Because 'needs a PVH guest' } }
    AfterEach { if ($AliceIsPvh) { Assert-NothingLeft } }

    It 'goes on to another process by its descriptor' {
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'twice handed on'
        $grants = $buffer | Export-GrantRefs -Domain alice
        On alice {
            param ($grants)
            $import, $again = New-HandedOn $grants /run/again
            "$($import.Origin)", "$($again.Origin)"
            $again | Read-DmaBufContent -AsString
        } @(, $grants) | Should -Be 'GrantImport', 'Received', 'twice handed on'
    }

    It 'is waited for until its last holder is done' {
        $grants = New-UDmaBuf 16KB | Export-GrantRefs -Domain alice
        $result = On alice {
            param ($grants)
            $import, $again = New-HandedOn $grants /run/waited
            $early = Get-Failure { $import | Wait-DmaBufRelease -TimeoutSec 1 }
            $again | Remove-DmaBuf
            $import | Wait-DmaBufRelease -TimeoutSec 60
            [pscustomobject]@{ Early = $early.Id; Listed = @(Get-DmaBuf).Count }
        } @(, $grants)
        $result.Early | Should -BeLike 'Wait,ETIMEDOUT,*'
        $result.Listed | Should -Be 0
    }

    It 'can be removed when the wait for its last holder was too long' {
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'still held'
        $grants = $buffer | Export-GrantRefs -Domain alice
        $result = On alice {
            param ($grants)
            $import, $again = New-HandedOn $grants /run/removed
            $early = Get-Failure { $import | Wait-DmaBufRelease -TimeoutSec 1 }
            $import | Remove-DmaBuf
            [pscustomobject]@{
                Early = $early.Id
                Devices = [int] (Get-Holding)['descriptor of /dev/xen/gntdev']
                Text = $again | Read-DmaBufContent -AsString
            }
        } @(, $grants)
        $result.Early | Should -BeLike 'Wait,ETIMEDOUT,*'
        $result.Devices | Should -Be 0
        $result.Text | Should -Be 'still held'
    }

    It 'has the page of a reference that is listed twice twice' {
        $buffer = New-UDmaBuf 8KB
        $buffer | Write-DmaBufContent 'page 0'
        $buffer | Write-DmaBufContent 'page 1' -Offset 4KB
        $grants = $buffer | Export-GrantRefs -Domain alice
        On alice {
            param ($grants)
            $import = Import-GrantRefs -Ref $grants.Refs[0], $grants.Refs[1], $grants.Refs[0] -Domain 0 -RequireDmaBuf
            0..2 | ForEach-Object { $import | Read-DmaBufContent -AsString -Offset ($_ * 4KB) -Count 6 }
            $import | Write-DmaBufContent 'twice!' -Offset 8KB
            $import | Read-DmaBufContent -AsString -Count 6
        } @(, $grants) | Should -Be 'page 0', 'page 1', 'page 0', 'twice!'
        $buffer | Read-DmaBufContent -AsString -Count 6 | Should -Be 'twice!'
    }

    It 'stays good when the exporter revokes its references' {
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'before'
        $grants = $buffer | Export-GrantRefs -Domain alice
        On alice { param ($grants) $global:import = $grants | Import-GrantRefs -RequireDmaBuf } @(, $grants)
        $grants | Revoke-GrantRefs
        On alice {
            $import | Read-DmaBufContent -AsString
            $import | Write-DmaBufContent 'after!'
        } | Should -Be 'before'
        $buffer | Read-DmaBufContent -AsString | Should -Be 'after!'
    }
}
