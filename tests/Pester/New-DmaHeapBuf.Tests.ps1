BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'New-DmaHeapBuf' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'allocates zeroed buffers from the system heap' {
        Assert-Support DmaHeap
        $buffers = New-DmaHeapBuf 64KB, 1MB -Name frame
        $buffers.Size | Should -Be 65536, 1048576
        $buffers[0].Exporter | Should -Be system
        $buffers[0].Name | Should -Be frame
        (($buffers[0] | Read-DmaBufContent) | Measure-Object -Sum).Sum | Should -Be 0
    }

    It 'completes the heaps of the machine' {
        Assert-Support DmaHeap
        $line = 'New-DmaHeapBuf 4KB -Heap '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain system
    }

    It 'refuses an unknown heap and names those that exist' {
        $named = (Test-Path /dev/dma_heap) ? 'system' : 'CONFIG_DMABUF_HEAPS'
        Should-Fail { New-DmaHeapBuf 4KB -Heap nonesuch } 'open,ENOENT' ObjectNotFound $named
        Should-Fail { New-DmaHeapBuf 4KB -Heap ../null } 'open,ENOENT' ObjectNotFound
    }

    It 'refuses sizes that are not whole pages, and sizes above the free memory' {
        Should-Fail { New-DmaHeapBuf 100 } 'Buffer,BadSize' InvalidArgument 'Use 4096'
        Should-Fail { New-DmaHeapBuf 64TB } 'Buffer,NotEnoughMemory' ResourceUnavailable 'MemAvailable'
    }

    It 'allocates nothing with -WhatIf and leaves no descriptor behind' {
        New-DmaHeapBuf 4KB -WhatIf | Should -BeNullOrEmpty
        Should-LeakNothing {
            New-DmaHeapBuf 64KB -ErrorAction SilentlyContinue | Remove-DmaBuf
            New-DmaHeapBuf 4KB -Heap nonesuch -ErrorAction SilentlyContinue
        }
    }
}
