namespace DmaBuf.Lab;

/// <summary>The options that all hosts with guests have.</summary>
public abstract record GuestHostOptions
{
    /// <summary>The architecture of the host's processor, and so of its guests'.</summary>
    public MachineArchitecture Architecture { get; init; } = MachineArchitecture.OfThisComputer;

    /// <summary>The command that starts PowerShell, for remoting over ssh; empty if there is no PowerShell.</summary>
    public IReadOnlyList<string> PowerShell { get; init; } = [];

    /// <summary>
    /// Files of this computer that guests hold in memory from the start, because reading any other file is slow.
    /// </summary>
    public IReadOnlyList<string> GuestFiles { get; init; } = [];

    /// <summary>A folder of PowerShell modules that remote sessions find by name.</summary>
    public string? ModuleFolder { get; init; }

    /// <summary>Variables of all commands in the host and in its guests, beside those of the command.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Folders of this computer that the host (not its guests) can change, under the same paths.
    /// </summary>
    public IReadOnlyList<string> SharedFolders { get; init; } = [];

    /// <summary>Whether this process's terminal becomes the host's.</summary>
    public bool Terminal { get; init; }

    /// <summary>How long the host may take to start, and then its guests.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Receives occasional lines for the user.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
