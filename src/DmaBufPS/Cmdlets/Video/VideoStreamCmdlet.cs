using System.Globalization;
using System.Management.Automation;
using DmaBuf.Frames;
using DmaBuf.Transport;

namespace DmaBufPS;

/// <summary>What the cmdlets for streams of frames have in common.</summary>
public abstract class VideoStreamCmdlet : DmaBufCmdlet
{
    private const int ProgressMilliseconds = 500;
    private ProgressRecord? _shown;

    /// <summary>The endpoint of an address, or null after an error.</summary>
    private protected Endpoint? ParseStream(string address, bool zeroCopy, string? domain, bool guest)
    {
        Endpoint? endpoint = null;
        if (!Try(address, () =>
            endpoint = Endpoint.Parse(address, SessionState.Path.CurrentFileSystemLocation.ProviderPath)))
            return null;
        if ((domain is not null || guest) && !zeroCopy)
        {
            var parameter = guest ? "-Guest" : "-Domain";
            ThrowTerminatingError(Refusal(
                guest ? "Video,GuestAlone" : "Video,DomainAlone",
                $"{parameter} tells whom to share buffers with, which -ZeroCopy does.",
                $"Add -ZeroCopy, or leave out {parameter}."));
        }

        if (domain is not null && guest)
        {
            ThrowTerminatingError(Refusal(
                "Video,TwoPeers", "A KVM guest is not a Xen domain.", "Leave out -Domain or -Guest."));
        }

        if (zeroCopy && !guest && endpoint!.Kind != EndpointKind.Unix && DomainOf(endpoint, domain) is null)
        {
            ThrowTerminatingError(Refusal(
                "Video,NoDomain",
                $"{address} does not tell which domain to share the buffers with.",
                "Name it with -Domain, use -Guest between a KVM guest and its host, or use a unix socket between two "
                + "processes of one machine."));
        }

        return endpoint;
    }

    /// <summary>The domain that is given, or the one that a vchan leads to; null where there is none.</summary>
    private protected static string? DomainOf(Endpoint endpoint, string? domain) =>
        domain ?? (endpoint.Kind == EndpointKind.Vchan ? endpoint.Domain : null);

    /// <summary>Shows frames, rate, bytes and losses from time to time.</summary>
    private protected Action<Func<StreamSummary>> StreamProgress(string activity)
    {
        var next = Environment.TickCount64 + ProgressMilliseconds;
        return summary =>
        {
            if (Environment.TickCount64 < next)
                return;
            next = Environment.TickCount64 + ProgressMilliseconds;
            var now = summary();
            _shown = new ProgressRecord(0, activity, string.Create(CultureInfo.CurrentCulture,
                $"{now.Frames} frames, {now.FrameRate:0.0}/s, {now.Bytes >> 20} MiB, {now.Dropped} dropped, "
                + $"{now.LateAcks} late acks"));
            WriteProgress(_shown);
        };
    }

    /// <summary>Removes what <see cref="StreamProgress"/> has shown.</summary>
    private protected void EndProgress()
    {
        if (_shown is null || Stopping)
            return;
        _shown.RecordType = ProgressRecordType.Completed;
        WriteProgress(_shown);
    }

    private static ErrorRecord Refusal(string id, string message, string action) => ErrorRecords.From(
        new PSArgumentException(message), id, ErrorCategory.InvalidArgument, null, action);
}
