BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Read-DmaBufContent' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
    BeforeEach {
        $buffer = New-UDmaBuf 8KB @AnyBacking
        $buffer | Write-DmaBufContent 'hello'
    }

    It 'returns one byte array' {
        $bytes = $buffer | Read-DmaBufContent
        , $bytes | Should -BeOfType [byte[]]
        $bytes.Length | Should -Be 8192
        ($buffer | Read-DmaBufContent -Offset 1 -Count 3) | Should -Be 101, 108, 108
    }

    It 'returns text up to the first NUL, or all of it' {
        $buffer | Write-DmaBufContent 'second' -Offset 6
        $buffer | Read-DmaBufContent -AsString | Should -BeExactly 'hello'
        $buffer | Read-DmaBufContent -AsString -KeepNul -Count 12 | Should -BeExactly "hello`0second"
    }

    It 'returns words of <Bits> bits as one array of <Type>' -ForEach @(
        @{ Bits = 16; Type = 'uint16'; Little = 0x3412; Big = 0x1234 }
        @{ Bits = 32; Type = 'uint32'; Little = 0x78563412; Big = 0x12345678 }
        @{ Bits = 64; Type = 'uint64'; Little = 0x78563412; Big = 0x1234567800000000 }) {
        $buffer | Write-DmaBufContent 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0 -Offset 16
        $how = @{ "AsWord$Bits" = $true; Offset = 16; Count = 16 }
        $words = $buffer | Read-DmaBufContent @how
        , $words | Should -BeOfType "$Type[]"
        $words | Should -HaveCount (128 / $Bits)
        $words[0] | Should -Be $Little
        ($buffer | Read-DmaBufContent @how -BigEndian)[0] | Should -Be $Big
    }

    It 'reads whole words up to the end, and refuses a count that cuts one off' {
        ($buffer | Read-DmaBufContent -AsWord32 -Offset 8185).Count | Should -Be 1
        Should-Fail {
            $buffer | Read-DmaBufContent -AsWord32 -Count 6
        } 'Buffer,PartialWord' InvalidArgument 'multiple of 4'
    }

    It 'returns lines of text one by one' {
        $buffer | Write-DmaBufContent "one`ntwo`r`n`nlast"
        $buffer | Read-DmaBufContent -AsLines | Should -Be one, two, '', last
        $buffer | Read-DmaBufContent -AsLines | Select-Object -Last 1 | Should -BeExactly last
        $buffer | Write-DmaBufContent "a`nb" -Encoding unicode -Offset 4KB
        $buffer | Read-DmaBufContent -AsLines -Encoding unicode -Offset 4KB | Should -Be a, b
        @($buffer | Read-DmaBufContent -AsLines -Offset 5KB).Count | Should -Be 0
    }

    It 'returns the same lines as hexdump -C' {
        $buffer | Read-DmaBufContent -AsHex | Should -Be @(
            '00000000  68 65 6c 6c 6f 00 00 00  00 00 00 00 00 00 00 00  |hello...........|'
            '00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|'
            '*'
            '00002000')
    }

    It 'names all of its calls with -Verbose, whatever the commands further down the pipeline call' {
        Assert-Support UDmaBuf
        $calls = & {
            New-UDmaBuf 8KB |
                Read-DmaBufContent -AsHex -Verbose |
                ForEach-Object { New-UDmaBuf 4KB -Backing MemFd }
        } 4>&1 | Out-String
        [regex]::Matches($calls, 'START\|READ').Count | Should -Be 2 -Because 'the hex view reads 4 KiB at a time'
        $calls | Should -Not -Match 'memfd_create'
    }

    It 'returns the same hash as Get-FileHash' -ForEach SHA256, sha256, SHA1, SHA384, SHA512, MD5 {
        $buffer | Read-DmaBufContent -OutFile $TestDrive/out
        $hash = $buffer | Read-DmaBufContent -AsHash -Algorithm $_
        $hash.Hash | Should -Be (Get-FileHash $TestDrive/out -Algorithm $_).Hash
        $hash.Algorithm | Should -BeExactly $_.ToUpperInvariant()
        $hash.Buffer | Should -Be $buffer
    }

    It 'returns a stream that sees later writes' {
        $stream = $buffer | Read-DmaBufContent -AsStream -Offset 2 -Count 4
        $buffer | Write-DmaBufContent 'XY' -Offset 2
        [IO.StreamReader]::new($stream).ReadToEnd() | Should -Be "XYo`0"
    }

    It 'writes a file, and replaces an existing one' {
        'x' * 20000 | Set-Content $TestDrive/out
        $buffer | Read-DmaBufContent -OutFile $TestDrive/out
        (Get-Item $TestDrive/out).Length | Should -Be 8192
        Push-Location $TestDrive
        try { $buffer | Read-DmaBufContent -OutFile relative -Count 5 } finally { Pop-Location }
        Get-Content $TestDrive/relative -Raw | Should -BeExactly 'hello'
    }

    It 'refuses to write two buffers over each other into one file' {
        Should-Fail {
            $buffer, $buffer | Read-DmaBufContent -OutFile $TestDrive/twice
        } 'OutFile,SeveralBuffers' InvalidOperation 'ForEach-Object'
    }

    It 'writes no file with -WhatIf' {
        $buffer | Read-DmaBufContent -OutFile $TestDrive/whatif -WhatIf
        Test-Path $TestDrive/whatif | Should -BeFalse
    }

    It 'writes a file of 64 MiB without a managed copy of the content' {
        $large = New-UDmaBuf 64MB @AnyBacking
        # The best run counts, because the test's host and the just-in-time compiler also allocate memory.
        $allocated = foreach ($run in 1..4) {
            $before = [GC]::GetTotalAllocatedBytes($true)
            $large | Read-DmaBufContent -OutFile $TestDrive/large
            [GC]::GetTotalAllocatedBytes($true) - $before
        }
        ($allocated | Measure-Object -Minimum).Minimum | Should -BeLessThan 1MB
        (Get-Item $TestDrive/large).Length | Should -Be 64MB
        Remove-Item $TestDrive/large
    }

    It 'reads several buffers' {
        $buffer, $buffer | Read-DmaBufContent -AsString | Should -Be hello, hello
    }

    It 'refuses ranges outside the buffer' -ForEach @(
        @{ Offset = 8193; Count = $null }
        @{ Offset = -1; Count = $null }
        @{ Offset = 0; Count = 8193 }
        @{ Offset = 1; Count = -1 }) {
        Should-Fail {
            $buffer | Read-DmaBufContent -Offset $Offset -Count $Count
        } 'Buffer,OutOfRange' InvalidArgument 'ends at byte 8192'
    }

    It 'names the call and the errno when a file cannot be written' {
        Should-Fail { $buffer | Read-DmaBufContent -OutFile $TestDrive/none/out } 'open,ENOENT' ObjectNotFound
        Should-Fail { $buffer | Read-DmaBufContent -OutFile /dev/full } 'write,ENOSPC' ResourceUnavailable 'full'
    }

    It 'refuses a removed buffer, and a memfd that could shrink' {
        Remove-DmaBuf $buffer
        Should-Fail { $buffer | Read-DmaBufContent } 'Buffer,Removed' ObjectNotFound 'Get-DmaBuf'
        $unsealed = New-UDmaBuf 4KB -Backing MemFd -Seal None
        Should-Fail { $unsealed | Read-DmaBufContent } 'Buffer,NotSealed' SecurityError 'F_SEAL_SHRINK'
        'precious' | Set-Content $TestDrive/precious
        Should-Fail { $unsealed | Read-DmaBufContent -OutFile $TestDrive/precious } 'Buffer,NotSealed' SecurityError
        Get-Content $TestDrive/precious | Should -Be precious
    }

    It 'reads a buffer in parallel runspaces' {
        $module = $ModulePath
        $texts = 1..8 | ForEach-Object -ThrottleLimit 4 -Parallel {
            Import-Module $using:module
            $using:buffer | Read-DmaBufContent -AsString
        }
        $texts | Should -Be (@('hello') * 8)
    }

    It 'leaves no descriptor or mapping behind' {
        Should-LeakNothing {
            $own = New-UDmaBuf 64KB @AnyBacking
            $own | Read-DmaBufContent
            $own | Read-DmaBufContent -AsHash
            $own | Read-DmaBufContent -OutFile $TestDrive/leak
            $own | Read-DmaBufContent -OutFile $TestDrive/none/leak -ErrorAction SilentlyContinue
            $own | Read-DmaBufContent -Offset 1TB -ErrorAction SilentlyContinue
            Remove-DmaBuf $own
        }
    }
}
