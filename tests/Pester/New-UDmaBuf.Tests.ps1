BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'New-UDmaBuf' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'creates a buffer whose size, exporter and name the kernel reports' {
        Assert-Support UDmaBuf
        $buffer = New-UDmaBuf 64KB -Name 'camera 0'
        $buffer.Size | Should -Be 65536
        $buffer.Origin | Should -Be Udmabuf
        $buffer.Exporter | Should -Be udmabuf
        $info = Get-Content "/proc/self/fdinfo/$($buffer.Fd)" -Raw
        $info | Should -Match '(?m)^size:\s+65536$'
        $info | Should -Match '(?m)^name:\s+camera 0$'
    }

    It 'accepts sizes as PowerShell writes them, as arguments and from the pipeline' {
        (New-UDmaBuf 64KB, 1MB @AnyBacking).Size | Should -Be 65536, 1048576
        ('64KB', 8192 | New-UDmaBuf @AnyBacking).Size | Should -Be 65536, 8192
        ([pscustomobject]@{ Size = 12KB; Name = 'by property' } | New-UDmaBuf @AnyBacking).Name |
            Should -Be 'by property'
    }

    It 'leaves a buffer unnamed where a row of a table has no name' {
        $buffers = "Size,Name`n4096,named`n8192," | ConvertFrom-Csv | New-UDmaBuf @AnyBacking
        $buffers.Size | Should -Be 4096, 8192
        $buffers[0].Name | Should -Be named
        $buffers[1].Name | Should -BeNullOrEmpty
    }

    It 'creates one buffer from several memfds' {
        Assert-Support UDmaBuf
        (New-UDmaBuf -RangeCount 4 -RangeSize 16KB).Size | Should -Be 65536
        (New-UDmaBuf 64KB -RangeCount 4).Size | Should -Be 65536
        New-UDmaBuf 64KB -RangeCount 4 -Verbose 4>&1 | Out-String | Should -Match 'UDMABUF_CREATE_LIST'
    }

    It 'creates a buffer from a part of a memfd and shares its pages' {
        Assert-Support UDmaBuf
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        $buffer = New-UDmaBuf 32KB -MemFd $memfd.Fd -Offset 16KB
        Write-DmaBufContent -InputObject $memfd 'shared' -Offset 16KB
        Read-DmaBufContent $buffer -AsString | Should -Be 'shared'
    }

    It 'creates a buffer from huge pages' {
        Assert-Support UDmaBuf
        Assert-Support HugePage
        (New-UDmaBuf 2MB -HugePage).Size | Should -Be 2MB
    }

    It 'creates a plain memfd on request' {
        $buffer = New-UDmaBuf 64KB -Backing MemFd
        $buffer.Origin | Should -Be MemFd
        $buffer.IsDmaBuf | Should -BeFalse
        $buffer.Exporter | Should -Be memfd
    }

    It 'creates nothing with -WhatIf' {
        New-UDmaBuf 64KB @AnyBacking -WhatIf | Should -BeNullOrEmpty
        Get-DmaBuf | Should -BeNullOrEmpty
    }

    It 'creates a plain memfd of the same size where ranges are requested' {
        (New-UDmaBuf 64KB -RangeCount 4 -Backing MemFd).Size | Should -Be 65536
        (New-UDmaBuf -RangeSize 16KB -RangeCount 4 -Backing MemFd).Size | Should -Be 65536
        Should-Fail { New-UDmaBuf 64KB -RangeCount 3 -Backing MemFd } 'Buffer,BadSize' InvalidArgument 'multiple'
        Should-Fail { New-UDmaBuf -RangeSize 100 -RangeCount 4 -Backing MemFd } 'Buffer,BadSize' InvalidArgument '4096'
        Should-Fail {
            New-UDmaBuf -RangeSize 4TB -RangeCount 2000000000 -Backing MemFd
        } 'Buffer,NotEnoughMemory' ResourceUnavailable
    }

    It 'takes -Backing UDmaBuf together with ranges' {
        Assert-Support UDmaBuf
        (New-UDmaBuf 64KB -RangeCount 4 -Backing UDmaBuf).Origin | Should -Be Udmabuf
        (New-UDmaBuf -RangeSize 16KB -RangeCount 4 -Backing UDmaBuf).Size | Should -Be 65536
    }

    It 'takes the pages of a buffer that stands on a memfd: <_>' -ForEach @(
        '$memfd | New-UDmaBuf -Name slot'
        'New-UDmaBuf -MemFd $memfd -Name slot'
        'New-UDmaBuf -MemFd pool -Name slot'
        'New-UDmaBuf -MemFd $memfd.Fd -Name slot') {
        Assert-Support UDmaBuf
        $memfd = New-UDmaBuf 64KB -Backing MemFd -Name pool
        $slot = & ([scriptblock]::Create($_))
        $slot.Size | Should -Be 65536
        $slot.Name | Should -Be slot
        Write-DmaBufContent $memfd shared
        Read-DmaBufContent $slot -AsString | Should -Be shared
    }

    It 'takes a part of a buffer from the pipeline, and not its name' {
        Assert-Support UDmaBuf
        $memfd = New-UDmaBuf 64KB -Backing MemFd -Name pool
        $part = $memfd | New-UDmaBuf 4KB -Offset 8KB
        $part.Size | Should -Be 4096
        $part.Name | Should -BeNullOrEmpty
        ($memfd | New-UDmaBuf -Offset 8KB).Size | Should -Be 56KB
        Write-DmaBufContent $memfd part -Offset 8KB
        Read-DmaBufContent $part -AsString | Should -Be part
    }

    It 'refuses a buffer that does not stand on a memfd' {
        Assert-Support UDmaBuf
        $udmabuf = New-UDmaBuf 64KB -Name plain
        Should-Fail { $udmabuf | New-UDmaBuf } 'Buffer,NotABuffer' InvalidData 'memfd'
        Should-Fail { New-UDmaBuf -MemFd plain } 'Buffer,NotABuffer' InvalidData 'memfd'
        @(Get-DmaBuf) | Should -HaveCount 1
    }

    It 'refuses an offset past the end of a memfd, and a removed one' {
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        Should-Fail { $memfd | New-UDmaBuf -Offset 64KB } 'Buffer,BadOffset' InvalidArgument 'smaller'
        Remove-DmaBuf $memfd
        Should-Fail { $memfd | New-UDmaBuf } 'Buffer,Removed' ObjectNotFound
        Should-Fail { New-UDmaBuf -MemFd $memfd } 'Buffer,Removed' ObjectNotFound
    }

    It 'names each kernel call with -Verbose' {
        $calls = New-UDmaBuf 64KB -Backing MemFd -Name traced -Verbose 4>&1 | Out-String
        $calls | Should -Match 'memfd_create\("traced", 0x3\) = \d+'
        $calls | Should -Match 'F_ADD_SEALS, 0x2\) = 0'
    }

    It 'does not name calls that a cmdlet further down the pipeline makes' {
        $calls = & { New-UDmaBuf 64KB -Backing MemFd -Verbose | Write-DmaBufContent 'x' } 4>&1 | Out-String
        $calls | Should -Match 'memfd_create'
        $calls | Should -Not -Match 'mmap'
        $calls = & { New-UDmaBuf 64KB -Backing MemFd | Write-DmaBufContent 'x' -Verbose } 4>&1 | Out-String
        $calls | Should -Not -Match 'memfd_create'
        $calls | Should -Match 'mmap'
    }

    It 'continues with the next size after one that fails' {
        (4096, 100, 8192 | New-UDmaBuf @AnyBacking -ErrorAction SilentlyContinue).Size | Should -Be 4096, 8192
    }

    Context 'with a size of <_> bytes' -ForEach 0, -4096, 100, 4097 {
        It 'refuses it and names one that works' {
            Should-Fail { New-UDmaBuf $_ } 'Buffer,BadSize' InvalidArgument 'Use \d+ bytes'
        }
    }

    # The refusals that the kernel's own udmabuf selftest checks, and further ones.
    It 'refuses an offset inside a page' {
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        Should-Fail {
            New-UDmaBuf 4KB -MemFd $memfd.Fd -Offset 2048
        } 'Buffer,BadOffset' InvalidArgument 'start at a page'
    }

    It 'refuses a part of a memfd that is not a whole number of pages' {
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        Should-Fail { New-UDmaBuf 2048 -MemFd $memfd.Fd } 'Buffer,BadSize' InvalidArgument 'Use 4096 bytes'
    }

    It 'refuses a descriptor that is not a memfd, such as standard input' {
        Should-Fail { New-UDmaBuf 4KB -MemFd 0 } 'Buffer,NotABuffer' InvalidData 'memfd'
    }

    It 'refuses a descriptor that is not open' {
        Should-Fail { New-UDmaBuf 4KB -MemFd 99999 -Verbose 4> $null } 'fcntl,EBADF' InvalidArgument
        Should-Fail { New-UDmaBuf 4KB -MemFd 99999 } 'fcntl,EBADF' InvalidArgument '/proc/self/fd'
    }

    It 'refuses a part past the end of the memfd' {
        Assert-Support UDmaBuf
        $memfd = New-UDmaBuf 64KB -Backing MemFd
        Should-Fail {
            New-UDmaBuf 8KB -MemFd $memfd.Fd -Offset 60KB
        } 'UDMABUF_CREATE,EINVAL' InvalidArgument 'ends at byte 65536'
    }

    It 'refuses a memfd without F_SEAL_SHRINK' {
        Assert-Support UDmaBuf
        Should-Fail { New-UDmaBuf 4KB -Seal None } 'UDMABUF_CREATE,EINVAL' InvalidArgument 'F_SEAL_SHRINK'
    }

    It 'refuses a memfd with F_SEAL_WRITE' {
        Assert-Support UDmaBuf
        Should-Fail { New-UDmaBuf 4KB -Seal Shrink, Write } 'UDMABUF_CREATE,EINVAL' InvalidArgument 'F_SEAL_WRITE'
    }

    It 'refuses a size above size_limit_mb' {
        Assert-Support UDmaBuf
        $limit = 1MB * (Get-Content /sys/module/udmabuf/parameters/size_limit_mb)
        Should-Fail { New-UDmaBuf ($limit + 4096) } 'UDMABUF_CREATE,EINVAL' InvalidArgument 'size_limit_mb'
    }

    It 'refuses more ranges than list_limit' {
        Assert-Support UDmaBuf
        $limit = [int](Get-Content /sys/module/udmabuf/parameters/list_limit)
        Should-Fail {
            New-UDmaBuf -RangeCount ($limit + 1) -RangeSize 4KB
        } 'UDMABUF_CREATE_LIST,EINVAL' InvalidArgument 'list_limit'
    }

    It 'refuses a size that cannot be divided into the ranges' {
        Should-Fail { New-UDmaBuf 64KB -RangeCount 3 } 'Buffer,BadSize' InvalidArgument 'multiple'
    }

    It 'refuses huge pages where none are reserved' {
        if (Test-DmaBufSupport HugePage) {
            Set-ItResult -Skipped -Because 'needs a machine without reserved huge pages'
        }
        Should-Fail {
            New-UDmaBuf 2MB -HugePage -Backing MemFd
        } 'fallocate,ENOSPC' ResourceUnavailable '1 free huge page of.*nr_hugepages'
    }

    It 'refuses a memfd for which the machine has no memory' {
        Should-Fail { New-UDmaBuf 64TB -Backing MemFd } 'Buffer,NotEnoughMemory' ResourceUnavailable 'MemAvailable'
    }

    It 'refuses a name that the kernel cannot hold' {
        Should-Fail { New-UDmaBuf 4KB @AnyBacking -Name ('n' * 32) } 'Buffer,BadName' InvalidArgument '31 bytes'
    }

    It 'says how long a name may be where it is set, and calls a buffer without one by none' {
        $buffer = New-UDmaBuf 4KB @AnyBacking -Name first
        { $buffer.Name = 'n' * 32 } | Should -Throw '*at most 31 bytes*'
        $buffer.Name = ''
        $buffer.Name | Should -BeNullOrEmpty
        "$buffer" | Should -Not -Match "''"
    }

    It 'says what to do where there is no device' {
        if (Test-Path /dev/udmabuf) { Set-ItResult -Skipped -Because 'needs a machine without /dev/udmabuf' }
        Should-Fail { New-UDmaBuf 4KB } 'open,ENOENT' ObjectNotFound 'modprobe udmabuf|CONFIG_UDMABUF|/dev/udmabuf'
    }

    It 'says what to do where access to the device is denied' {
        Assert-Support UDmaBuf
        if ((id -u) -ne 0 -or -not (Get-Command setpriv -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'needs root and setpriv'
        }
        $shown = '"$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Category) $($_.ErrorDetails.RecommendedAction)"'
        $command = "Import-Module '$ModulePath'; try { New-UDmaBuf 4KB -ErrorAction Stop } catch { $shown }"
        # In a mount namespace where the device's mode denies everybody, as root without the capability to ignore modes.
        $denied = 'mount -t tmpfs tmpfs /mnt && cp -a /dev/udmabuf /mnt && chmod 0 /mnt/udmabuf' +
            ' && mount --bind /mnt/udmabuf /dev/udmabuf'
        $unprivileged = 'setpriv --bounding-set -dac_override,-dac_read_search'
        $pwsh = 'pwsh -NoProfile -NonInteractive -Command "$0"'
        unshare --mount sh -c "$denied && exec $unprivileged $pwsh" $command |
            Should -Match 'open,EACCES,.* PermissionDenied .*group'
    }

    It 'leaves no descriptor behind, whether it succeeds or fails' {
        Should-LeakNothing {
            New-UDmaBuf 64KB @AnyBacking | Write-DmaBufContent -Fill 1 -PassThru | Remove-DmaBuf
            New-UDmaBuf 100, 1TB -ErrorAction SilentlyContinue
            New-UDmaBuf -RangeCount 5000 -RangeSize 4KB -ErrorAction SilentlyContinue
            New-UDmaBuf 4KB -Seal None -ErrorAction SilentlyContinue
            New-UDmaBuf 4KB -MemFd 0 -ErrorAction SilentlyContinue
        }
    }
}
