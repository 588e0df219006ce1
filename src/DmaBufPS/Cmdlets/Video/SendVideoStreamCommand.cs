using System.Globalization;
using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Transport;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Send-VideoStream: sends the frames of a camera, a file or a test pattern.</summary>
[Cmdlet(
    VerbsCommunications.Send,
    "VideoStream",
    DefaultParameterSetName = ByDevice,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(StreamSummary))]
public sealed class SendVideoStreamCommand : VideoStreamCmdlet
{
    private const string ByDevice = "Device";
    private const string ByFile = "InFile";
    private const string ByPattern = "TestPattern";

    /// <summary>The receiver's address.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>The video device, such as /dev/video0.</summary>
    [Parameter(ParameterSetName = ByDevice, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("Path")]
    [ArgumentCompleter(typeof(VideoDeviceCompleter))]
    [ValidateNotNullOrEmpty]
    public string Device { get; set; } = "/dev/video0";

    /// <summary>A file of raw frames, or in the YUV4MPEG2 format.</summary>
    [Parameter(ParameterSetName = ByFile, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string InFile { get; set; } = "";

    /// <summary>Sends moving colour bars.</summary>
    [Parameter(ParameterSetName = ByPattern, Mandatory = true)]
    public SwitchParameter TestPattern { get; set; }

    /// <summary>Begins the file anew at its end.</summary>
    [Parameter(ParameterSetName = ByFile)]
    public SwitchParameter Loop { get; set; }

    /// <summary>The width in pixels.</summary>
    [Parameter]
    [ValidateRange(1, PictureConverter.MaxSide)]
    public int? Width { get; set; }

    /// <summary>The height in pixels.</summary>
    [Parameter]
    [ValidateRange(1, PictureConverter.MaxSide)]
    public int? Height { get; set; }

    /// <summary>The pixel format's four characters, such as YUYV.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PixelFormatCompleter))]
    public FourCC? PixelFormat { get; set; }

    /// <summary>Frames a second; 0 for as many as the receiver takes.</summary>
    [Parameter]
    [ValidateRange(0.0, 10000.0)]
    public double? FrameRate { get; set; }

    /// <summary>The number of buffers.</summary>
    [Parameter]
    [ValidateRange(2, 32)]
    public int BufferCount { get; set; } = 4;

    /// <summary>How many frames to send; 0 for all.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long FrameCount { get; set; }

    /// <summary>Whose memory the device captures into.</summary>
    [Parameter(ParameterSetName = ByDevice)]
    public CaptureMemory Memory { get; set; }

    /// <summary>The device's input, by index.</summary>
    [Parameter(ParameterSetName = ByDevice)]
    [ValidateRange(0, 255)]
    public int? InputIndex { get; set; }

    /// <summary>The heap that buffers come from.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(HeapCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Heap { get; set; }

    /// <summary>Shares the buffers instead of sending the frames' bytes.</summary>
    [Parameter]
    public SwitchParameter ZeroCopy { get; set; }

    /// <summary>The receiver's domain, by id or name.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>Shares the buffers as pages of this KVM guest, with its host.</summary>
    [Parameter]
    public SwitchParameter Guest { get; set; }

    /// <summary>How long the receiver may use a frame, in milliseconds; 0 for as long as it takes.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int AckTimeoutMs { get; set; } = 200;

    /// <summary>The time limit for the connection, in milliseconds; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int ConnectTimeoutMs { get; set; } = 3000;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParseStream(Address, ZeroCopy, Domain, Guest) is not { } endpoint
            || !ShouldProcess(Address, "Send video stream"))
            return;
        Try(Address, () =>
        {
            var (source, carrier) = Open(endpoint);
            using (source)
            using (carrier)
                Send(endpoint, source, carrier);
        });
    }

    private (FrameSource Source, BufferCarrier? Carrier) Open(Endpoint endpoint)
    {
        var options = NewOptions();
        if (!ZeroCopy)
            return (FrameSources.Open(options, Cancellation), null);
        if (Guest)
            return FrameSources.OpenForHost(options, Cancellation);
        if (DomainOf(endpoint, Domain) is not { } domain)
            return (FrameSources.Open(options, Cancellation), new DescriptorCarrier());
        using var limit = NewLimit(0);
        var (own, peer) = XenDomain.FindPeer(domain, limit);
        return FrameSources.OpenFor(options, own, peer, Cancellation);
    }

    private void Send(Endpoint endpoint, FrameSource source, BufferCarrier? carrier)
    {
        using var limit = endpoint.Role == EndpointRole.Listen
            ? NewLimit(0)
            : NewLimit(ConnectTimeoutMs / 1000.0);
        using var peers = new StreamSource(endpoint, NoListener.ListenOrWait);
        using var stream = peers.Next(limit);
        var options = new SendOptions
        {
            FrameCount = FrameCount == 0 ? long.MaxValue : FrameCount,
            AckTimeout = AckTimeoutMs == 0 ? null : TimeSpan.FromMilliseconds(AckTimeoutMs),
        };
        using FrameSender sender = carrier is null
            ? new CopySender(stream, source, options, Cancellation)
            : NewZeroCopySender(stream, source, carrier, options);
        var progress = StreamProgress($"Sending {source.Format} of {source.Name}");
        try
        {
            sender.Run(sending => progress(() => sending.Summary));
        }
        finally
        {
            EndProgress();
        }

        if (FrameCount > 0 && !sender.IsOver)
        {
            WriteWarning(
                $"The receiver ended the stream after {sender.Summary.Frames} of {FrameCount} frames: "
                + "see its messages.");
        }

        WriteObject(sender.Summary);
    }

    private ZeroCopySender NewZeroCopySender(
        ByteStream stream, FrameSource source, BufferCarrier carrier, SendOptions options)
    {
        var sender = new ZeroCopySender(stream, source, carrier, options, Cancellation);
        sender.Overwriting += (_, _) => WriteWarning(string.Create(CultureInfo.InvariantCulture,
            $"{stream.Peer} did not acknowledge a frame within {AckTimeoutMs} ms, and no other buffer is free: its "
            + $"buffer is filled again while it may still be read. A larger -BufferCount or -AckTimeoutMs helps."));
        return sender;
    }

    private SourceOptions NewOptions() => new()
    {
        Device = ParameterSetName == ByDevice ? FilePath(Device) : null,
        File = ParameterSetName == ByFile ? FilePath(InFile) : null,
        Loop = Loop,
        Width = Width,
        Height = Height,
        PixelFormat = PixelFormat,
        FrameRate = FrameRate,
        BufferCount = BufferCount,
        Memory = Memory,
        Input = InputIndex,
        Heap = Heap,
    };
}
