using System.Management.Automation;
using DmaBuf.Frames;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Receive-VideoStream: receives the frames of one sender.</summary>
[Cmdlet(
    VerbsCommunications.Receive,
    "VideoStream",
    DefaultParameterSetName = Summary,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(StreamSummary), ParameterSetName = [Summary])]
[OutputType(typeof(VideoFrame), ParameterSetName = [Frames])]
public sealed class ReceiveVideoStreamCommand : VideoStreamCmdlet
{
    private const string Summary = "Summary";
    private const string Frames = "PassThru";
    private ColorEncoding? _encoding;

    /// <summary>The address, at which one sender is accepted.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>Receives the sender's buffers instead of the frames' bytes.</summary>
    [Parameter]
    public SwitchParameter ZeroCopy { get; set; }

    /// <summary>The sender's domain, by id or name.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>The KVM guest that the sender runs in, given as an object or by name, on its host.</summary>
    [Parameter]
    [GuestArgument]
    [ArgumentCompleter(typeof(GuestCompleter))]
    public GuestMemory? Guest { get; set; }

    /// <summary>
    /// Accepts anyone as that guest, and over any stream. By default only the guest's root is accepted, and only over
    /// vsock.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowAnyPeer { get; set; }

    /// <summary>Writes the frames to a file: as YUV4MPEG2 (.y4m), the first as a picture (.png), or raw.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutFile { get; set; }

    /// <summary>Shows the frames in a window, until it is closed.</summary>
    [Parameter]
    public SwitchParameter Show { get; set; }

    /// <summary>Shows the frames in the terminal.</summary>
    [Parameter]
    public SwitchParameter Terminal { get; set; }

    /// <summary>Emits each frame, whose content is there until the pipeline is done with it.</summary>
    [Parameter(ParameterSetName = Frames, Mandatory = true)]
    public SwitchParameter PassThru { get; set; }

    /// <summary>How many frames to receive; 0 for all.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long FrameCount { get; set; }

    /// <summary>The bytes from one row to the next.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Stride { get; set; }

    /// <summary>How luma and chroma become RGB.</summary>
    [Parameter]
    public ColorEncoding Encoding
    {
        get => _encoding ?? default;
        set => _encoding = value;
    }

    /// <summary>The range of luma and chroma.</summary>
    [Parameter]
    public ColorRange Range { get; set; } = ColorRange.Limited;

    /// <summary>Frames a second, as a .y4m file records them.</summary>
    [Parameter]
    [ValidateRange(0.001, 10000.0)]
    public double FrameRate { get; set; } = 30;

    /// <summary>The most bytes of a frame to accept.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int MaxFrameSize { get; set; } = StreamLimits.Default.MaxFrameBytes;

    /// <summary>The most buffers to accept.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int MaxBufferCount { get; set; } = StreamLimits.Default.MaxBuffers;

    /// <summary>The only sender to accept: an IP address or range for tcp, a user for unix, a CID for vsock.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>The time limit for a sender to connect: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        CheckPeers();
        if (ParseStream(Address, ZeroCopy, Domain, Guest is not null) is not { } endpoint
            || !ShouldProcess(OutFile ?? Address, "Receive video stream"))
            return;
        Try(Address, () =>
        {
            var options = NewOptions(endpoint);
            using var writing = NewLimit(0);
            using var sink = new SinkGroup(NewSinks(writing));
            using var limit = NewLimit(TimeoutSec);
            using var peers = new StreamSource(
                endpoint, NoListener.ListenOrWait, PeersAt(endpoint, From, AllowAnyPeer ? null : Guest));
            Guest?.WaitReady(limit);
            using var stream = peers.Next(limit);
            using FrameReceiver receiver = ZeroCopy
                ? new ZeroCopyReceiver(stream, sink, options, Cancellation)
                : new CopyReceiver(stream, sink, options, Cancellation);
            Receive(receiver, sink);
        });
    }

    private void Receive(FrameReceiver receiver, SinkGroup sink)
    {
        var progress = StreamProgress($"Receiving from {Address}");
        try
        {
            receiver.Run(receiving => progress(() => receiving.Summary));
        }
        finally
        {
            EndProgress();
        }

        if (FrameCount > 0 && receiver.Summary.Frames < FrameCount && !sink.IsClosed)
        {
            WriteWarning(
                $"The sender ended the stream after {receiver.Summary.Frames} of {FrameCount} frames: "
                + "see its messages.");
        }

        if (PassThru)
            WriteVerbose($"{receiver.Summary}");
        else
            WriteObject(receiver.Summary);
    }

    private ReceiveOptions NewOptions(Endpoint endpoint)
    {
        var options = new ReceiveOptions
        {
            FrameCount = FrameCount == 0 ? long.MaxValue : FrameCount,
            Limits = new StreamLimits(MaxFrameSize, MaxBufferCount),
            Guest = Guest,
        };
        if (!ZeroCopy || Guest is not null || DomainOf(endpoint, Domain) is not { } domain)
            return options;
        using var limit = NewLimit(0);
        var (own, exporter) = XenDomain.FindExporter(domain, limit);
        return options with { OwnDomain = own, Domain = exporter };
    }

    private void CheckPeers()
    {
        var problem = (Guest, AllowAnyPeer.IsPresent, From) switch
        {
            (null, true, _) => "-AllowAnyPeer is for -Guest: without it, any sender is accepted already.",
            ({ }, false, { }) => "-From has no effect with -Guest, which accepts only the root of that guest.",
            _ => null,
        };
        if (problem is null)
            return;
        ThrowTerminatingError(ErrorRecords.From(
            new PSArgumentException(problem), "Video,BadPeers", ErrorCategory.InvalidArgument, Address,
            "Leave it out; or give -Guest, -AllowAnyPeer and -From together."));
    }

    private List<IFrameSink> NewSinks(WaitLimit writing)
    {
        var picture = new PictureOptions { Stride = Stride, Encoding = _encoding, Range = Range };
        var sinks = new List<IFrameSink>();
        if (OutFile is not null)
        {
            var path = FilePath(OutFile);
            sinks.Add(System.IO.Path.GetExtension(path).ToUpperInvariant() switch
            {
                ".Y4M" => new Y4mSink(path, FrameRate, picture, writing),
                ".PNG" => new PictureFileSink(path, picture, Cancellation),
                _ => new RawFileSink(path, writing),
            });
        }

        if (Show)
            sinks.Add(new WindowSink(Address, picture));
        if (Terminal)
            sinks.Add(new TerminalSink(Console.OpenStandardOutput(), () => TerminalSize.Of(Host), picture));
        if (PassThru)
            sinks.Add(new PipelineSink(picture, WriteObject));
        return sinks;
    }
}
