# Tests the dma-buf that a driver makes of references on Arm64: what another process and a device can do with it. The
# unmodified driver makes one that has no mmap and no vmap operation; the changed driver adds mmap.

BeforeAll {
    . $PSScriptRoot/../common.ps1
    . $PSScriptRoot/../camera.ps1
    Start-Guest alice, bob
    foreach ($domain in 'dom0', 'alice') {
        On $domain {
            # Makes a dma-buf of references, hands its descriptor to dmabuf-peer, and returns what is known about it.
            function global:Send-ToPeer ($Grants, [string] $Peer) {
                $import = $Grants | Import-GrantRefs -RequireDmaBuf
                $output, $errorOutput, $address = '/run/peer.output', '/run/peer.errors', '/run/peer.socket'
                $process = Start-Process $Peer client, "unixd:$address", --reply, answer -PassThru `
                    -RedirectStandardOutput $output -RedirectStandardError $errorOutput
                Wait-Until { Test-Path $address }
                $import | Send-DmaBufFd "unix:$address" -TimeoutSec 60
                Wait-Exit $process
                [pscustomobject]@{
                    Origin = "$($import.Origin)"
                    Exporter = $import.Exporter
                    IsDmaBuf = $import.IsDmaBuf
                    ExitCode = $process.ExitCode
                    Output = (Get-Content $output) -join "`n"
                    ErrorOutput = (Get-Content $errorOutput) -join "`n"
                    Own = $import | Read-DmaBufContent -AsString
                }
            }
        }
    }

    # Fills a buffer of a domain with a line of text, and returns its references for another.
    function New-Exported ([string] $Domain, [string] $Peer) {
        On $Domain {
            param ($peer)
            $global:buffer = New-UDmaBuf 64KB
            $buffer | Write-DmaBufContent "from the exporter`n"
            $buffer | Export-GrantRefs -Domain $peer
        } (Get-DomainId $Peer)
    }

    function Read-Exported ([string] $Domain) { On $Domain { ($buffer | Read-DmaBufContent -AsString).TrimEnd() } }
}

AfterAll { Assert-NothingLeft }

Describe 'An imported dma-buf of the <Driver> driver in <Importer>' -Tag Arm64 -ForEach @(
    @{ Driver = 'Stock'; Importer = 'dom0'; Exporter = 'alice' }
    @{ Driver = 'Stock'; Importer = 'alice'; Exporter = 'dom0' }
    @{ Driver = 'Mmap'; Importer = 'alice'; Exporter = 'bob' }) {
    BeforeAll {
        Assert-NothingLeft
        # dom0 boots with the stock driver.
        Use-Driver $Driver alice
        $grants = New-Exported $Exporter $Importer
        $hasPeer = Test-Path $PeerProgram
        if ($hasPeer) {
            $result = On $Importer { param ($grants, $peer) Send-ToPeer $grants $peer } $grants, $PeerProgram
        }
    }
    BeforeEach { if (-not $hasPeer) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' } }
    AfterAll { Assert-NothingLeft }

    It 'is one of the grant device' {
        "$($result.Origin) $($result.Exporter) $($result.IsDmaBuf)" | Should -Be 'GrantImport xen_gntdev True'
    }

    It 'is handed on to a second process, which maps it if the driver can' {
        if ($Driver -eq 'Mmap') {
            $result.ErrorOutput | Should -BeNullOrEmpty
            $result.Output | Should -BeLike 'from the exporter*'
            $result.ExitCode | Should -Be 0
            Read-Exported $Exporter | Should -BeLike 'answer*'
        }
        else {
            # The process has a descriptor and no references, so it has nothing else to map.
            $result.ExitCode | Should -Not -Be 0
            $result.ErrorOutput | Should -Match 'mmap .*EINVAL.*gives the processor no access.*can still be passed on'
            Read-Exported $Exporter | Should -BeLike 'from the exporter*'
        }
    }

    It 'is read by the importer in any case, by a mapping of the references where the driver has no mmap' {
        $result.Own | Should -BeLike ($Driver -eq 'Mmap' ? 'answer*' : 'from the exporter*')
    }
}

Describe 'A device beside the stock driver' -Tag Arm64 {
    BeforeAll {
        Assert-NothingLeft
        Use-Driver Stock alice
        # In dom0: two buffers of alice, one for each frame.
        function New-Imported ([int] $Size = 600KB, [switch] $Mapping) {
            On alice {
                param ($size)
                $global:frames = foreach ($i in 0..1) { New-UDmaBuf $size }
                $frames | Export-GrantRefs -Domain 0
            } $Size | Import-GrantRefs -Mapping:$Mapping -RequireDmaBuf:(-not $Mapping)
        }

        # Opens the camera with imports as its buffers. The stream disposes them.
        function Open-Camera ([string] $Memory, $Imports, [int] $Width = 640, [int] $Height = 480) {
            $script:next = 0
            [DmaBuf.Frames.VideoCapture]::Open([DmaBuf.Frames.CaptureOptions]@{
                Device = '/dev/video0'; Width = $Width; Height = $Height; PixelFormat = 'YUYV'; BufferCount = 2
                Memory = $Memory
                Allocate = { param ($size) $script:next++; $Imports[$script:next - 1] }
            })
        }

        # Loads vivid anew: 0 is videobuf2's allocator for vmalloc, 1 the one for contiguous memory.
        function Use-Camera ([int] $Allocator) {
            if (Test-Path /sys/module/vivid) { rmmod vivid }
            Wait-Until { -not (Test-Path /dev/video0) }
            modprobe vivid "allocators=$Allocator"
            if ($LASTEXITCODE) { throw 'vivid cannot be loaded' }
            Wait-Until { Test-Path /dev/video0 }
        }

        function Get-Refusal ([object[]] $Imports) {
            try {
                (Open-Camera DmaBuf $Imports).Dispose()
            }
            catch {
                $_ | ConvertTo-Failure
            }
        }
    }
    AfterEach { Assert-NothingLeft }

    It 'that writes by the processor cannot capture into the dma-buf, because the driver has no vmap' {
        Use-Camera 0
        $failure = Get-Refusal (New-Imported)
        # videobuf2-vmalloc calls dma_buf_vmap, which fails with EINVAL without the operation; videobuf2 makes that
        # EFAULT.
        $failure.Message | Should -Match 'memory of the kind DmaBuf: VIDIOC_QBUF, EFAULT'
    }

    It 'that writes by DMA attaches to a dma-buf of one short chunk' {
        Use-Camera 1
        if (-not (Test-Path /sys/kernel/debug/dma_buf)) { mount -t debugfs none /sys/kernel/debug }
        # Opening queues the buffers: videobuf2-dma-contig attaches them and maps their scatter lists. The capture must
        # not start, because vivid fills its buffers by the processor and does not check that it got an address by vmap.
        $source = Open-Camera DmaBuf (New-Imported 128KB) 320 180
        try { $seen = Get-Content /sys/kernel/debug/dma_buf/bufinfo -Raw }
        finally { $source.Dispose() }
        $seen | Should -Match 'xen_gntdev[^:]*Attached Devices:\s+vivid'
    }

    It 'that writes by DMA cannot map 600 KiB, because the kernel would have to copy such a chunk' {
        Use-Camera 1
        $mark = "before the attachment $([guid]::NewGuid())"
        sh -c "echo '$mark' > /dev/kmsg"
        $failure = Get-Refusal (New-Imported)
        $failure.Message | Should -Match 'memory of the kind DmaBuf: VIDIOC_QBUF, EINVAL'
        # The pages are above 4 GiB ("Xen scratch" in /proc/iomem), where vivid's 32 bits do not reach, so the kernel
        # maps a copy (swiotlb), at most 256 KiB for each chunk of the list. The pages' addresses follow one another, so
        # the driver makes one chunk of them.
        $lines = @(dmesg)
        $from = [array]::FindIndex($lines, [Predicate[object]] { $args[0] -match $mark })
        $lines = $lines[$from..($lines.Count - 1)]
        $lines -match 'swiotlb buffer is full' | Should -Not -BeNullOrEmpty
        $lines -match 'Error getting dmabuf scatterlist' | Should -Not -BeNullOrEmpty
    }

    It 'captures into a mapping of the references, and the exporter has the pixels' {
        Use-Camera 0
        Step-Camera (Open-Camera UserPtr (New-Imported -Mapping)) 4 "unix:$TestDrive/frames"
        Assert-ColourBar alice 2
    }
}
