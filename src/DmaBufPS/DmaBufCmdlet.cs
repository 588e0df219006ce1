using System.Management.Automation;
using System.Runtime.ExceptionServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>What all cmdlets share: Ctrl+C, the kernel calls on -Verbose, failures as ErrorRecords, progress.</summary>
public abstract class DmaBufCmdlet : PSCmdlet, IDisposable
{
    /// <summary>The message for a buffer's name as an argument beside buffers from the pipeline.</summary>
    protected const string BothGiven = "The buffers come from the pipeline: leave out the name.";

    private readonly CancellationTokenSource _stop = new();
    private bool? _isVerbose;
    private bool _hasBegun;

    /// <summary>Cancelled by Ctrl+C and whenever else PowerShell stops the pipeline.</summary>
    protected CancellationToken Cancellation => _stop.Token;

    /// <summary>Frees what the cmdlet holds for itself.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _stop.Dispose();
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stop.Cancel();

    /// <summary>
    /// Does the work for one object. A failure is written as an error and does not end the command, unless no other
    /// object could succeed: see <see cref="ErrorRecords.EndsCommand"/>.
    /// </summary>
    /// <returns>True on success.</returns>
    protected bool Try(object? target, Action work)
    {
        try
        {
            return Run(work);
        }
        catch (DmaBufException e)
        {
            var record = ErrorRecords.From(e, target);
            if (ErrorRecords.EndsCommand(e))
                ThrowTerminatingError(record);
            WriteError(record);
            return false;
        }
        catch (ObjectDisposedException) when (target is DmaBuffer { IsOpen: false })
        {
            // Another runspace removed the buffer between two calls.
            WriteError(ErrorRecords.From(BufferException.Removed(target), target));
            return false;
        }
    }

    /// <summary>The buffers that arguments stand for. A name that is not exactly one buffer's is an error.</summary>
    protected IEnumerable<DmaBuffer> FindBuffers(IEnumerable<DmaBufferOrName> arguments) =>
        arguments.Select(argument => argument.Buffer ?? FindBuffer(argument.Name!)).OfType<DmaBuffer>();

    /// <summary>Buffers and other objects, with the buffers themselves in the place of names.</summary>
    protected IEnumerable<object> FindItems(IEnumerable<object> items) =>
        items.Select(item => item is string name ? FindBuffer(name) : item).OfType<object>();

    /// <summary>
    /// Used by a parameter for buffers that shares its position with another parameter. Where the buffers come from the
    /// pipeline, text at that position is meant for the other one, which the binder tries after this exception.
    /// </summary>
    protected void CheckNotPiped(string message)
    {
        if (!_hasBegun && MyInvocation.ExpectingInput)
            throw new PSArgumentException(message);
    }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _hasBegun = true;

    /// <summary>A new buffer's name. Objects from the pipeline without one, such as rows of a table, have "".</summary>
    protected static string? NameOrNull(string? name) => string.IsNullOrEmpty(name) ? null : name;

    /// <summary>Refuses a negative number without parentheses, which arrives as text.</summary>
    protected void CheckNoBareNumber(object? content)
    {
        if (content is string && BareNumber.Is(content, MyInvocation))
            ThrowTerminatingError(WriteRefusals.NegativeNumber(content));
    }

    /// <summary>The file system path of a PowerShell path that need not exist.</summary>
    protected string FilePath(string path)
    {
        var file = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        if (provider.Name != "FileSystem")
        {
            ThrowTerminatingError(ErrorRecords.From(
                new PSArgumentException($"'{path}' is a path of the provider {provider.Name}, and not of a file."),
                "Path,NotAFile",
                ErrorCategory.InvalidArgument,
                path,
                "Use a path in the file system, such as /tmp/content."));
        }

        return file;
    }

    /// <summary>The time limit of a -TimeoutSec parameter, where 0 means none.</summary>
    protected WaitLimit NewLimit(double timeoutSec) =>
        new(timeoutSec == 0 ? null : TimeSpan.FromSeconds(timeoutSec), Cancellation);

    /// <summary>
    /// Opens the carrier of an address. A relative unix path starts from the session's location, like any other path.
    /// </summary>
    protected Carrier OpenCarrier(string address, NoListener noListener, string? from = null)
    {
        Carrier? carrier = null;
        var folder = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
        Try(address, () => carrier = Carrier.Open(address, folder, noListener, from));
        return carrier!;
    }

    /// <summary>The peers to accept at an address: a guest's root, those that -From names, or all.</summary>
    /// <exception cref="GuestException">Untrusted, NoCid.</exception>
    /// <exception cref="AddressException">BadPeer.</exception>
    protected static PeerFilter? PeersAt(Endpoint endpoint, string? from, GuestMemory? guest) => (from, guest) switch
    {
        (_, { }) => GuestPeers.Of(guest, endpoint),
        ({ }, _) => PeerFilter.Parse(from, endpoint.Kind),
        _ => null,
    };

    /// <summary>The id of a domain given by id or by name; xenstore is asked for names only.</summary>
    protected ushort FindDomain(string idOrName)
    {
        if (XenDomain.TryParse(idOrName, out var id))
            return id;
        using var limit = NewLimit(0);
        using var store = XenStore.Open(limit);
        return XenDomain.Find(store, idOrName);
    }

    /// <summary>
    /// The ids of this domain and of the domain to share with, given by id or by name; null after an error.
    /// </summary>
    protected (ushort Own, ushort Peer)? FindPeer(string domain)
    {
        (ushort, ushort)? domains = null;
        Try(domain, () =>
        {
            using var limit = NewLimit(0);
            domains = XenDomain.FindPeer(domain, limit);
        });
        return domains;
    }

    /// <summary>The import method for the switches -Mapping and -RequireDmaBuf, which exclude each other.</summary>
    protected ImportMethod MethodOf(bool mapping, bool requireDmaBuf)
    {
        if (mapping && requireDmaBuf)
        {
            var failure = new PSArgumentException(
                "-Mapping and -RequireDmaBuf exclude each other: a mapping is not a dma-buf.");
            ThrowTerminatingError(new ErrorRecord(failure, "Import,BothSwitches", ErrorCategory.InvalidArgument, null)
            {
                ErrorDetails = new ErrorDetails(failure.Message)
                {
                    RecommendedAction = "Use one of them, or neither to let the module choose.",
                },
            });
        }

        return mapping ? ImportMethod.Mapping : requireDmaBuf ? ImportMethod.DmaBuf : ImportMethod.Any;
    }

    /// <summary>Shows the progress, in bytes, of work that takes longer than a moment.</summary>
    protected Action<long, long> Progress(string activity)
    {
        const long FirstAfter = 500;
        const long Interval = 200;
        var next = Environment.TickCount64 + FirstAfter;
        var shown = false;
        return (done, total) =>
        {
            var isLast = done == total && shown;
            if (Environment.TickCount64 < next && !isLast)
                return;
            next = Environment.TickCount64 + Interval;
            shown = true;
            WriteProgress(new ProgressRecord(0, activity, $"{done} of {total} bytes")
            {
                PercentComplete = total <= 0 ? -1 : (int)(100 * (Int128)done / total),
                RecordType = isLast ? ProgressRecordType.Completed : ProgressRecordType.Processing,
            });
        };
    }

    private DmaBuffer? FindBuffer(string name)
    {
        var found = BufferNames.Find(name);
        if (found.Count == 1)
            return found[0];
        WriteError(BufferNames.Refusal(name, found));
        return null;
    }

    private bool Run(Action work)
    {
        // Always set, even to null: otherwise the calls that this cmdlet makes for an upstream cmdlet would be reported
        // as that cmdlet's own.
        _isVerbose ??= IsVerbose();
        ExceptionDispatchInfo? stopped = null;
        using var scope = KernelTrace.Listen(_isVerbose.Value ? WriteCall : null);
        try
        {
            work();
            stopped?.Throw();
            return true;
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }

        // PowerShell stops an upstream cmdlet by an exception (Select-Object -First), which must leave the work and not
        // be lost.
        void WriteCall(string call)
        {
            try
            {
                WriteVerbose(call);
            }
            catch (Exception e)
            {
                stopped = ExceptionDispatchInfo.Capture(e);
                throw;
            }
        }
    }

    private bool IsVerbose()
    {
        if (MyInvocation.BoundParameters.TryGetValue("Verbose", out var given))
            return ((SwitchParameter)given).IsPresent;
        var preference = GetVariableValue("VerbosePreference") as ActionPreference?;
        return (preference ?? ActionPreference.SilentlyContinue) != ActionPreference.SilentlyContinue;
    }
}
