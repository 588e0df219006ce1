# A camera's own buffers, which the driver of the host grants as dma-bufs.

BeforeAll {
    . $PSScriptRoot/common.ps1
    . $PSScriptRoot/camera.ps1
    Start-Guest alice
}

AfterAll { Assert-NothingLeft }

Describe 'A camera with the driver <_>' -ForEach stock, mmap {
    BeforeAll { Use-Driver $_ alice }
    AfterAll { Use-Driver mmap alice }

    It 'captures into its own buffers, which dom0 maps' {
        $summary = Receive-Camera alice
        "$($summary.Transfer) $($summary.Memory)" | Should -Be 'Grants Mmap'
        $summary.Copied | Should -Be 0
    }
}
