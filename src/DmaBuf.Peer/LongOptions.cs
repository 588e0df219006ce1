using System.Globalization;

namespace DmaBuf.Peer;

/// <summary>The command line of the hand-off and channel roles.</summary>
internal sealed class LongOptions
{
    private const int DefaultTurns = 30;
    private readonly List<string> _words;

    public LongOptions(IEnumerable<string> arguments)
    {
        _words = [.. arguments];
        Reply = Take("--reply", "client");
        Guest = Take("--guest", "client");
        Qmp = Take("--qmp", "client", "guest-memory");
        var turns = Take("--turns", "publish");
        Turns = turns is null ? DefaultTurns
            : int.TryParse(turns, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    /// <summary>Whether they are a command line of one of these roles.</summary>
    public bool Fit => _words switch
    {
        ["server" or "publish" or "consume", _] or ["server" or "publish" or "consume", _, _] => Turns > 0,
        ["client", _] or ["client", _, _] => Qmp is null || Guest is not null,
        ["guest-memory", _, _] => true,
        _ => false,
    };

    /// <summary>The role.</summary>
    public string Role => _words[0];

    /// <summary>The address; of guest-memory, the path where QEMU connects.</summary>
    public string Address => _words[1];

    /// <summary>
    /// The id or name of the other side's domain, or a guest's context id; of guest-memory, the path where a session
    /// listens; null where none was given.
    /// </summary>
    public string? Domain => _words.ElementAtOrDefault(2);

    /// <summary>The text that the client writes into the buffer.</summary>
    public string? Reply { get; }

    /// <summary>The path where a guest's QEMU connects to its vhost-user back end.</summary>
    public string? Guest { get; }

    /// <summary>The path of QEMU's QMP socket.</summary>
    public string? Qmp { get; }

    /// <summary>How often buffers are published.</summary>
    public int Turns { get; }

    /// <summary>Whether the address is one between a guest and its host.</summary>
    public bool IsVsock => Address.StartsWith("vsock", StringComparison.Ordinal);

    /// <summary>Takes an option and its value out of the words.</summary>
    private string? Take(string option, params ReadOnlySpan<string> roles)
    {
        var at = _words.IndexOf(option);
        if (at < 0 || at + 1 >= _words.Count || !roles.Contains(_words[0]))
            return null;
        var value = _words[at + 1];
        _words.RemoveRange(at, 2);
        return value;
    }
}
