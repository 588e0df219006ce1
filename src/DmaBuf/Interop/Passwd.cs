namespace DmaBuf.Interop;

/// <summary>The users of /etc/passwd.</summary>
internal static class Passwd
{
    /// <summary>The first name of each user id.</summary>
    public static Dictionary<string, string> Names()
    {
        var names = new Dictionary<string, string>();
        foreach (var fields in Lines())
            names.TryAdd(fields[2], fields[0]);
        return names;
    }

    /// <summary>The id of a user given by name, or null where there is none.</summary>
    public static uint? IdOf(string name)
    {
        var user = Lines().FirstOrDefault(fields => fields[0] == name);
        return user is not null && uint.TryParse(user[2], out var id) ? id : null;
    }

    private static IEnumerable<string[]> Lines() =>
        SysFile.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 2);
}
