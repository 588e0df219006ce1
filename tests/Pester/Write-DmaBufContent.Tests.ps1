BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Write-DmaBufContent' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
    BeforeEach { $buffer = New-UDmaBuf 8KB @AnyBacking }

    It 'writes a string in the requested encoding' {
        $buffer | Write-DmaBufContent 'grün'
        ($buffer | Read-DmaBufContent -Count 6) | Should -Be 0x67, 0x72, 0xc3, 0xbc, 0x6e, 0
        $buffer | Write-DmaBufContent 'grün' -Encoding unicode
        $buffer | Read-DmaBufContent -AsString -Encoding unicode | Should -Be 'grün'
    }

    It 'writes bytes, lists of bytes and one byte at an offset' {
        $buffer | Write-DmaBufContent ([byte[]](1, 2, 3))
        $buffer | Write-DmaBufContent (4..6) -Offset 3
        $buffer | Write-DmaBufContent 0xff -Offset 8191
        ($buffer | Read-DmaBufContent -Count 7) | Should -Be 1, 2, 3, 4, 5, 6, 0
        ($buffer | Read-DmaBufContent -Offset 8191) | Should -Be 255
    }

    It 'fills all or part of the buffer with a byte, a string or bytes' {
        $buffer | Write-DmaBufContent -Fill 0xab
        (($buffer | Read-DmaBufContent) | Sort-Object -Unique) | Should -Be 0xab
        $buffer | Write-DmaBufContent -Fill 'xyz' -Offset 1 -Count 7
        ($buffer | Read-DmaBufContent -Count 9) | Should -Be (0xab, 120, 121, 122, 120, 121, 122, 120, 0xab)
        $buffer | Write-DmaBufContent -Fill 1, 2 -Count 4
        ($buffer | Read-DmaBufContent -Count 5) | Should -Be 1, 2, 1, 2, 120
    }

    It 'reads a file into the buffer' {
        'from a file' | Set-Content $TestDrive/in -NoNewline
        $buffer | Write-DmaBufContent -Path $TestDrive/in -Offset 100
        $buffer | Read-DmaBufContent -Offset 100 -AsString | Should -Be 'from a file'
        $buffer | Write-DmaBufContent -Path /dev/urandom -Count 4096
        (($buffer | Read-DmaBufContent -Count 4096) | Sort-Object -Unique).Count | Should -BeGreaterThan 100
    }

    It 'takes the file from the pipeline, as Get-Item returns it' {
        'piped' | Set-Content $TestDrive/piped -NoNewline
        Get-Item $TestDrive/piped | Write-DmaBufContent -InputObject $buffer
        $buffer | Read-DmaBufContent -AsString | Should -Be 'piped'
    }

    It 'writes a line from Get-Content, and not the file that it comes from' {
        'one', 'two', 'three' | Set-Content $TestDrive/three
        Get-Content $TestDrive/three | Select-Object -Last 1 | Write-DmaBufContent -InputObject $buffer
        $buffer | Read-DmaBufContent -AsString | Should -Be three
    }

    It 'writes strings from the pipeline as lines, which -AsLines reads' {
        'one', 'two', 'grün' | Write-DmaBufContent $buffer -Offset 8
        $buffer | Read-DmaBufContent -AsString -Offset 8 | Should -Be "one`ntwo`ngrün"
        $buffer | Read-DmaBufContent -AsLines -Offset 8 | Should -Be one, two, grün
        Write-DmaBufContent $buffer 'eins', 'zwei' -Encoding unicode
        $buffer | Read-DmaBufContent -AsLines -Encoding unicode -Count 18 | Should -Be eins, zwei
        '' | Write-DmaBufContent $buffer
        $buffer | Write-DmaBufContent -Fill 0
        $buffer | Read-DmaBufContent -AsLines | Should -BeNullOrEmpty
    }

    It 'writes bytes and files from the pipeline one after another' {
        0x41..0x43 | Write-DmaBufContent $buffer
        $buffer | Read-DmaBufContent -AsString | Should -Be ABC
        'a', 0x2c, 0x20, 'b' | Write-DmaBufContent $buffer
        $buffer | Read-DmaBufContent -AsString | Should -Be 'a, b'
        'first.' | Set-Content $TestDrive/1 -NoNewline
        'second.' | Set-Content $TestDrive/2 -NoNewline
        Get-Item $TestDrive/1, $TestDrive/2 | Write-DmaBufContent $buffer
        $buffer | Read-DmaBufContent -AsString | Should -Be 'first.second.'
        $buffer | Write-DmaBufContent -Fill 0
        Get-Item $TestDrive/1, $TestDrive/2 | Write-DmaBufContent $buffer -Count 8
        $buffer | Read-DmaBufContent -AsString | Should -Be 'first.se'
        Get-Item /dev/urandom | Write-DmaBufContent $buffer -Count 16 -Offset 100
        ((Read-DmaBufContent $buffer -Offset 100 -Count 16) | Measure-Object -Sum).Sum | Should -BeGreaterThan 0
    }

    It 'writes content from the pipeline into each of several buffers, all of it or nothing' {
        $second = New-UDmaBuf 4KB @AnyBacking
        1..3 | Write-DmaBufContent $buffer, $second -PassThru | Should -Be $buffer, $second
        ($second | Read-DmaBufContent -Count 4) | Should -Be 1, 2, 3, 0
        Should-Fail { 7, 7 | Write-DmaBufContent $second -Offset 4095 } 'Buffer,DoesNotFit' InvalidArgument
        ($second | Read-DmaBufContent -Offset 4095) | Should -Be 0
    }

    It 'refuses a negative number, bare as in parentheses, but writes it as text from a variable or in quotes' {
        foreach ($form in { $buffer | Write-DmaBufContent -1 }, { Write-DmaBufContent $buffer -1 },
            { $buffer | Write-DmaBufContent -Fill -2.5 }) {
            Should-Fail $form 'Buffer,BadContent' InvalidArgument 'quotes'
        }
        { $buffer | Write-DmaBufContent (-1) } | Should -Throw '*0 to 255*'
        $text = '-1'
        $buffer | Write-DmaBufContent $text
        $buffer | Write-DmaBufContent '-2' -Offset 2
        '-3' | Write-DmaBufContent $buffer -Offset 4
        $buffer | Read-DmaBufContent -AsString | Should -Be '-1-2-3'
    }

    It 'refuses a path of another provider' {
        Should-Fail { $buffer | Write-DmaBufContent -Path Env:/PATH } 'Path,NotAFile' InvalidArgument
        foreach ($path in 'Variable:/foo', 'Env:/X', 'Function:/f') {
            Should-Fail { $buffer | Read-DmaBufContent -OutFile $path } 'Path,NotAFile' InvalidArgument 'file system'
        }
        Push-Location Env:
        try { Should-Fail { $buffer | Read-DmaBufContent -OutFile foo } 'Path,NotAFile' InvalidArgument }
        finally { Pop-Location }
    }

    It 'resolves a relative path from the session''s location' {
        Push-Location $TestDrive
        try {
            'relative' | Set-Content in -NoNewline
            $buffer | Write-DmaBufContent -Path in
        }
        finally { Pop-Location }
        $buffer | Read-DmaBufContent -AsString | Should -Be relative
    }

    It 'reads a stream from its current position' {
        $stream = [IO.MemoryStream]::new([byte[]](1..10))
        $stream.Position = 4
        $buffer | Write-DmaBufContent -Stream $stream
        ($buffer | Read-DmaBufContent -Count 7) | Should -Be 5, 6, 7, 8, 9, 10, 0
    }

    It 'reads a stream again for each buffer, from the same position' {
        $stream = [IO.MemoryStream]::new([byte[]](1..10))
        $stream.Position = 4
        $buffer, (New-UDmaBuf 4KB @AnyBacking) | Write-DmaBufContent -Stream $stream -Count 3 -PassThru |
            ForEach-Object { ($_ | Read-DmaBufContent -Count 4) -join ' ' } | Should -Be '5 6 7 0', '5 6 7 0'
    }

    It 'refuses a second buffer for a stream that cannot go back' {
        $second = New-UDmaBuf 4KB @AnyBacking
        $pipe = [IO.Pipes.AnonymousPipeServerStream]::new('In')
        $writer = [IO.Pipes.AnonymousPipeClientStream]::new('Out', $pipe.ClientSafePipeHandle)
        try {
            $writer.Write([Text.Encoding]::UTF8.GetBytes('once'))
            $writer.Dispose()
            Should-Fail {
                $buffer, $second | Write-DmaBufContent -Stream $pipe
            } 'Stream,SeveralBuffers' InvalidOperation 'MemoryStream'
        }
        finally { $pipe.Dispose() }
        $buffer | Read-DmaBufContent -AsString | Should -Be once
        $second | Read-DmaBufContent -AsString | Should -BeExactly ''
    }

    It 'names the stream, not the buffer, when a stream is closed or fails' {
        $closed = [IO.MemoryStream]::new([byte[]](1, 2))
        $closed.Dispose()
        Should-Fail { $buffer | Write-DmaBufContent -Stream $closed } 'Stream,Closed' InvalidArgument 'Open it again'
        $writeOnly = [IO.File]::OpenWrite("$TestDrive/writeonly")
        try {
            Should-Fail {
                $buffer | Write-DmaBufContent -Stream $writeOnly
            } 'Stream,NotReadable' InvalidArgument 'for reading'
        }
        finally { $writeOnly.Dispose() }
        $failing = [IO.File]::OpenRead('/proc/self/mem')
        try { Should-Fail { $buffer | Write-DmaBufContent -Stream $failing -Count 1 } 'read,EIO' DeviceError }
        finally { $failing.Dispose() }
    }

    It 'writes into several buffers and passes them on with -PassThru' {
        $both = $buffer, (New-UDmaBuf 4KB @AnyBacking) | Write-DmaBufContent 'both' -PassThru
        $both | Read-DmaBufContent -AsString | Should -Be both, both
    }

    It 'writes nothing with -WhatIf' {
        $buffer | Write-DmaBufContent 'no' -WhatIf
        $buffer | Read-DmaBufContent -AsString | Should -BeExactly ''
    }

    It 'refuses content that does not fit before it writes a byte' {
        Should-Fail {
            $buffer | Write-DmaBufContent 'too late' -Offset 8190
        } 'Buffer,DoesNotFit' InvalidArgument '2 bytes'
        Should-Fail { $buffer | Write-DmaBufContent -Fill 1 -Count 9000 } 'Buffer,DoesNotFit' InvalidArgument
        Should-Fail { $buffer | Write-DmaBufContent -Path /proc/self/exe } 'Buffer,DoesNotFit' InvalidArgument
        Should-Fail { $buffer | Write-DmaBufContent -Fill '' } 'Buffer,BadContent' InvalidArgument
        Should-Fail { $buffer | Write-DmaBufContent 'x' -Offset -1 } 'Buffer,OutOfRange' InvalidArgument
        (($buffer | Read-DmaBufContent) | Measure-Object -Sum).Sum | Should -Be 0
    }

    It 'refuses content that is not bytes, and an unknown encoding' {
        { $buffer | Write-DmaBufContent -Fill $null } | Should -Throw '*null*'
        { $buffer | Write-DmaBufContent (1, 256) } | Should -Throw '*byte*'
        { $buffer | Write-DmaBufContent 'x' -Encoding nonesuch } | Should -Throw '*utf8*'
    }

    It 'refuses a missing file, a folder, a sealed buffer and a removed one' {
        Should-Fail { $buffer | Write-DmaBufContent -Path $TestDrive/none } 'open,ENOENT' ObjectNotFound
        Should-Fail { $buffer | Write-DmaBufContent -Path $TestDrive } 'open,EISDIR' InvalidArgument
        $sealed = New-UDmaBuf 4KB -Backing MemFd -Seal Shrink, Write
        Should-Fail { $sealed | Write-DmaBufContent 'x' } 'Buffer,ReadOnly' PermissionDenied
        Remove-DmaBuf $buffer
        Should-Fail { $buffer | Write-DmaBufContent 'x' } 'Buffer,Removed' ObjectNotFound
    }

    It 'is stopped by Ctrl+C while it waits for a pipe' {
        mkfifo $TestDrive/in.pipe $TestDrive/out.pipe
        $new = 'New-UDmaBuf 4KB -Backing MemFd'
        Stop-Command "$new | Write-DmaBufContent -Path $TestDrive/in.pipe" | Should -BeLessThan 10000
        Stop-Command "$new | Read-DmaBufContent -OutFile $TestDrive/out.pipe" | Should -BeLessThan 10000
    }

    It 'is stopped by Ctrl+C' {
        $turn = 'New-UDmaBuf 64MB -Backing MemFd | Write-DmaBufContent -Fill 1 -PassThru | Remove-DmaBuf'
        Stop-Command "while (`$true) { $turn }" | Should -BeLessThan 10000
    }
}
