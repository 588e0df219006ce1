using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

public sealed class VideoCaptureTests
{
    /// <summary>vivid computes colours in other colour spaces, which leaves white a little darker than white.</summary>
    private const int Rounding = 2;

    /// <summary>The bytes of a white and of a black pixel group: limited range, except for RGB and grey.</summary>
    private static readonly (string Format, byte[][] White, byte[][] Black)[] s_known =
    [
        ("YUYV", [[235, 128, 235, 128]], [[16, 128, 16, 128]]),
        ("UYVY", [[128, 235, 128, 235]], [[128, 16, 128, 16]]),
        ("YVYU", [[235, 128, 235, 128]], [[16, 128, 16, 128]]),
        ("RGB3", [[255, 255, 255]], [[0, 0, 0]]),
        ("GREY", [[255]], [[0]]),
        ("NM12", [[235], [128]], [[16], [128]]),
        ("YM12", [[235], [128], [128]], [[16], [128], [128]]),
    ];

    public static TheoryData<bool, CaptureMemory> Memories => new(
        from isMultiPlanar in new[] { false, true }
        from memory in Enum.GetValues<CaptureMemory>()
        select (isMultiPlanar, memory));

    [Theory]
    [MemberData(nameof(Memories))]
    public void Frames_arrive_in_memory_of_every_kind_and_nothing_stays_open(bool multiPlanar, CaptureMemory memory)
    {
        if (memory is CaptureMemory.Auto or CaptureMemory.DmaBuf)
            Requires.Udmabuf();
        using var vivid = new Vivid(multiPlanar);
        Func<long, DmaBuffer> allocate = memory == CaptureMemory.UserPtr
            ? size => MemFdAllocator.Allocate(size, new MemFdOptions())
            : size => UdmabufAllocator.Allocate(size);
        OpenDescriptors.StayTheSame(() =>
        {
            using var capture = VideoCapture.Open(vivid.Options() with { Memory = memory, Allocate = allocate });
            Assert.Equal(memory == CaptureMemory.Auto ? CaptureMemory.DmaBuf : memory, capture.Memory);
            Assert.Equal(new StreamFormat(320, 180, FourCC.Parse("YUYV"), 320 * 180 * 2, 4), capture.Format);
            Assert.Equal([320 * 2], capture.Strides);
            Assert.Equal(4, capture.Frames.Count);
            capture.Start();
            ulong? sequence = null;
            for (var i = 0; i < 2 * capture.Frames.Count; i++)
            {
                var frame = Vivid.Next(capture);
                Assert.True(sequence is null || frame.Sequence > sequence);
                sequence = frame.Sequence;
                Assert.Equal(320 * 180 * 2, frame.BytesUsed);
                Assert.True(frame.Timestamp > TimeSpan.Zero);
                Assert.False(frame.IsDamaged);
                Assert.Equal(
                    memory switch
                    {
                        CaptureMemory.Mmap => BufferOrigin.Capture,
                        CaptureMemory.UserPtr => BufferOrigin.MemFd,
                        _ => BufferOrigin.Udmabuf,
                    },
                    frame.Buffer.Origin);
                AssertFilled(frame, [[235, 128, 235, 128]]);
                capture.Return(frame);
            }
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_format_that_the_device_lists_is_captured(bool multiPlanar)
    {
        using var vivid = new Vivid(multiPlanar);
        var formats = vivid.Formats;
        Assert.NotEmpty(formats);
        foreach (var format in formats)
        {
            vivid.ShowWhite();
            using var capture = VideoCapture.Open(vivid.Options() with { PixelFormat = format, BufferCount = 2 });
            Assert.Equal(format, capture.DeviceFormat);
            capture.Start();
            var white = Content(Vivid.Next(capture));
            vivid.ShowBlack();
            var black = Content(NextOfNewPicture(capture));
            Assert.Equal(capture.Format.SizeImage, white.Length);
            Assert.False(white.SequenceEqual(black), $"{format} shows no difference between white and black");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_bytes_are_those_of_the_picture(bool multiPlanar)
    {
        using var vivid = new Vivid(multiPlanar);
        foreach (var (format, white, black) in s_known.Where(known => multiPlanar || known.White.Length == 1))
        {
            vivid.ShowWhite();
            using var capture = VideoCapture.Open(vivid.Options(format) with { BufferCount = 2 });
            Assert.Equal(white.Length, capture.Frames[0].Planes.Count);
            capture.Start();
            AssertFilled(Vivid.Next(capture), white);
            vivid.ShowBlack();
            AssertFilled(NextOfNewPicture(capture), black);
        }
    }

    [Fact]
    public void Planes_in_buffers_of_their_own_have_the_contiguous_format_and_the_size_of_all()
    {
        using var vivid = new Vivid(multiPlanar: true);
        using var capture = VideoCapture.Open(vivid.Options("NM12"));
        Assert.Equal(new StreamFormat(320, 180, FourCC.Parse("NV12"), 320 * 180 * 3 / 2, 4), capture.Format);
        Assert.Equal(FourCC.Parse("NM12"), capture.DeviceFormat);
        capture.Start();
        var frame = Vivid.Next(capture);
        Assert.Equal([320 * 180, 320 * 180 / 2], new[] { frame.PlaneBytes(0), frame.PlaneBytes(1) });
    }

    [Theory]
    [InlineData("NV12", "NM12")]
    [InlineData("YU12", "YM12")]
    [InlineData("422P", "YM16")]
    public void A_format_and_its_variant_with_separate_planes_find_each_other(string contiguous, string separate)
    {
        Assert.Equal(FourCC.Parse(contiguous), PlaneFormats.Contiguous(FourCC.Parse(separate)));
        Assert.Equal(FourCC.Parse(separate), PlaneFormats.Separate(FourCC.Parse(contiguous)));
        Assert.Equal(FourCC.Parse(contiguous), PlaneFormats.Contiguous(FourCC.Parse(contiguous)));
    }

    [Fact]
    public void A_buffer_of_the_driver_can_be_read_and_passed_on()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options() with { Memory = CaptureMemory.Mmap });
        Assert.All(capture.Frames, frame => Assert.True(frame.Buffer is { IsDmaBuf: true, IsPassable: true }));
        Assert.Equal(capture.Frames.Count, capture.Frames.Select(frame => frame.Buffer.Inode).Distinct().Count());
    }

    [Fact]
    public void A_driver_buffer_that_is_not_exported_is_mapped_from_the_device()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options() with { Memory = CaptureMemory.Mmap });
        capture.Start();
        var frame = Vivid.Next(capture);
        var query = new Videodev2.v4l2_buffer
        {
            index = (uint)frame.Index,
            type = Videodev2.V4L2_BUF_TYPE_VIDEO_CAPTURE,
            memory = Videodev2.V4L2_MEMORY_MMAP,
        };
        Assert.True(Videodev2.QueryBuffer(capture.Descriptor!, ref query));
        using var mapped = DmaBuffer.On(new CaptureBacking(
            Fcntl.Duplicate(capture.Descriptor!)!, vivid.Path, capture.Driver, query.m.offset, query.length));
        Assert.Equal((BufferOrigin.Capture, "vivid", false), (mapped.Origin, mapped.Exporter, mapped.IsPassable));
        using var view = mapped.OpenView(BufferAccess.Read);
        Assert.True(view.Slice(0, frame.BytesUsed).SequenceEqual(Content(frame)));
    }

    [Fact]
    public void The_nearest_size_and_rate_of_the_device_are_taken()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options() with { Width = 641, Height = 479, FrameRate = 10.2 });
        Assert.Equal((640, 480), (capture.Format.Width, capture.Format.Height));
        Assert.InRange(capture.FrameRate!.Value, 5, 15);
    }

    [Fact]
    public void Without_a_size_and_format_the_device_keeps_its_own()
    {
        using var vivid = new Vivid();
        VideoCapture.Open(vivid.Options("UYVY") with { Width = 640, Height = 360 }).Dispose();
        using var capture = VideoCapture.Open(new CaptureOptions { Device = vivid.Path });
        Assert.Equal("640x360 UYVY", $"{capture.Format}");
    }

    [Fact]
    public void The_number_of_buffers_is_the_one_that_the_driver_gives()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(
            vivid.Options() with { BufferCount = 1000, Memory = CaptureMemory.Mmap });
        Assert.InRange(capture.Format.BufferCount, 2, 999);
        Assert.Equal(capture.Format.BufferCount, capture.Frames.Count);
    }

    [Fact]
    public void An_input_is_selected_by_its_index()
    {
        using var vivid = new Vivid();
        var inputs = VideoDevice.Get(vivid.Path).Inputs;
        var other = inputs[^1];
        using (var capture = VideoCapture.Open(new CaptureOptions { Device = vivid.Path, Input = other.Index }))
            Assert.Equal(other.Index, VideoDevice.Get(vivid.Path).Inputs.Single(input => input.IsSelected).Index);
        var failure = Assert.Throws<KernelException>(
            () => VideoCapture.Open(new CaptureOptions { Device = vivid.Path, Input = 99 }));
        Assert.Equal("VIDIOC_S_INPUT,EINVAL", failure.ErrorId);
        Assert.Contains(other.Name, failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_that_found_no_buffer_are_counted()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options() with { BufferCount = 2, Memory = CaptureMemory.Mmap });
        capture.Start();
        var taken = capture.Frames.Select(_ => Vivid.Next(capture)).ToList();
        // A busy machine may leave out frames from the start.
        var before = (long)(taken[^1].Sequence - taken[0].Sequence) - (taken.Count - 1);
        Assert.Equal(before, capture.Dropped);
        Assert.Null(capture.TryNext());
        Thread.Sleep(TimeSpan.FromSeconds(1));
        taken.ForEach(capture.Return);
        var gap = (long)(Vivid.Next(capture).Sequence - taken[^1].Sequence - 1);
        Assert.InRange(gap, 1, long.MaxValue);
        Assert.Equal(before + gap, capture.Dropped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_allocates_nothing(bool multiPlanar)
    {
        using var vivid = new Vivid(multiPlanar);
        using var capture = VideoCapture.Open(vivid.Options());
        capture.Start();
        for (var i = 0; i < 8; i++)
            Turn();
        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 30; i++)
                Turn();
        });
        Assert.Equal(0, allocated);

        void Turn()
        {
            Frame? frame;
            while ((frame = capture.TryNext()) is null)
                Thread.Sleep(1);
            capture.Return(frame);
        }
    }

    /// <summary>Skips the frames that were filled, or being filled, before the picture changed.</summary>
    private static Frame NextOfNewPicture(VideoCapture capture)
    {
        for (var i = 0; i <= capture.Frames.Count; i++)
            capture.Return(Vivid.Next(capture));
        return Vivid.Next(capture);
    }

    private static byte[] Content(Frame frame)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < frame.Planes.Count; i++)
        {
            using var view = frame.Planes[i].OpenView(BufferAccess.Read);
            bytes.AddRange(view.Slice(frame.PlaneOffset(i), frame.PlaneBytes(i)));
        }

        return [.. bytes];
    }

    private static void AssertFilled(Frame frame, byte[][] groups)
    {
        Assert.Equal(groups.Length, frame.Planes.Count);
        for (var plane = 0; plane < groups.Length; plane++)
        {
            using var view = frame.Planes[plane].OpenView(BufferAccess.Read);
            var bytes = view.Slice(frame.PlaneOffset(plane), frame.PlaneBytes(plane));
            Assert.NotEqual(0, bytes.Length);
            var expected = new byte[bytes.Length];
            for (var i = 0; i < groups[plane].Length; i++)
            {
                Assert.InRange(bytes[i], groups[plane][i] - Rounding, groups[plane][i] + Rounding);
                expected[i] = bytes[i];
            }

            for (var filled = groups[plane].Length; filled < expected.Length; filled *= 2)
                expected.AsSpan(0, Math.Min(filled, expected.Length - filled)).CopyTo(expected.AsSpan(filled));
            var same = expected.AsSpan().CommonPrefixLength(bytes);
            if (same < bytes.Length)
                Assert.Fail($"byte {same} of plane {plane} is {bytes[same]}, not {expected[same]}");
        }
    }
}
