# Tests buffers on a kernel with pages of 16 KiB, where a page of memory is no longer a page of a grant.

BeforeAll { . $PSScriptRoot/../common.ps1 }

AfterAll { Assert-NothingLeft }

Describe 'A kernel with pages of 16 KiB' {
    AfterEach { Assert-NothingLeft }

    It 'is what this machine runs' {
        [Environment]::SystemPageSize | Should -Be 16384
        (Get-DmaBufSupport MemFd).Detail | Should -Be 'page size 16384'
    }

    It 'gets no buffer of <Size> bytes, and the error names <Next>' -ForEach @(
        @{ Size = 4096; Next = 16384 }
        @{ Size = 20480; Next = 32768 }) {
        $failure = Get-Failure { param ($size) New-UDmaBuf $size } $Size
        Should-Fail $failure 'Buffer,BadSize' InvalidArgument "^Use $Next bytes"
        $failure.Message | Should -Match 'page size, 16384 bytes'
    }

    It 'gets no buffer of a memfd from the middle of a page' {
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        $failure = Get-Failure { param ($fd) New-UDmaBuf 16KB -MemFd $fd -Offset 4KB } $memfd.Fd
        Should-Fail $failure 'Buffer,BadOffset' InvalidArgument
        $failure.Message | Should -Match 'page size, 16384 bytes'
        (New-UDmaBuf 16KB -MemFd $memfd.Fd -Offset 16KB).PageCount | Should -Be 1
    }

    It 'gets buffers of <Size> bytes, whose content is at any offset' -ForEach @(
        @{ Size = 16KB; Pages = 1 }
        @{ Size = 64KB; Pages = 4 }) {
        $buffer = New-UDmaBuf $Size
        $buffer.Size, $buffer.PageCount, $buffer.Exporter | Should -Be $Size, $Pages, udmabuf
        $buffer | Write-DmaBufContent (Get-Noise $Size 1)
        (Get-DmaBuf).Size | Should -Be $Size
        $hash = [Security.Cryptography.SHA256]::HashData(($buffer | Read-DmaBufContent))
        [Convert]::ToHexString($hash) | Should -Be (Get-NoiseHash $Size 1)
        $buffer | Write-DmaBufContent 'across a boundary of 4 KiB' -Offset 12280
        $buffer | Read-DmaBufContent -AsString -Offset 12280 -Count 26 | Should -Be 'across a boundary of 4 KiB'
    }

    It 'gets a buffer of several memfds, and one of a huge page, which has 32 MiB' {
        (New-UDmaBuf -RangeCount 4 -RangeSize 16KB).PageCount | Should -Be 4
        (New-UDmaBuf 32MB -HugePage).PageCount | Should -Be 2048
    }

    It 'hands a buffer on to another process' {
        if (-not (Test-Path $PeerProgram)) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' }
        $buffer = New-UDmaBuf 64KB
        $buffer | Write-DmaBufContent "from PowerShell`n"
        $address = "$TestDrive/peer.socket"
        $peer = Start-Process $PeerProgram client, "unixd:$address", --reply, answer -PassThru `
            -RedirectStandardOutput $TestDrive/output -RedirectStandardError $TestDrive/errors
        Wait-Until { Test-Path $address }
        $buffer | Send-DmaBufFd "unix:$address" -TimeoutSec 60
        Wait-Exit $peer
        Get-Content $TestDrive/errors | Should -BeNullOrEmpty
        Get-Content $TestDrive/output -Raw | Should -BeLike 'from PowerShell*'
        $buffer | Read-DmaBufContent -AsString | Should -BeLike 'answer*'
    }

    It 'tells frames of 16 KiB to the host of a KVM guest' {
        $pages = New-UDmaBuf 64KB | Export-GuestPages
        $pages.FrameSize, $pages.Count, $pages.Size | Should -Be 16384, 4, 64KB
    }

    It 'cannot grant pages, because the grant devices would share only a part of each' {
        # The cmdlets ask for the domain first, and this machine is none.
        Should-Fail (Get-Failure { New-GrantBuf 64KB -Domain 1 }) 'open,ENOENT' ObjectNotFound 'not a Xen domain'
        $buffer = New-UDmaBuf 64KB
        foreach ($command in { [DmaBuf.Grants.GrantAllocator]::Allocate(64KB, 0, 1) },
            { [DmaBuf.Grants.GrantExport]::Create($buffer, 0, 1) }) {
            $failure = { & $command } | Should -Throw -PassThru
            $refusal = $failure.Exception.InnerException
            "$($refusal.Fault)" | Should -Be PageSize
            $refusal.Message | Should -Match 'pages have 16384 bytes'
        }
    }
}
