using DmaBuf.Errors;

namespace DmaBuf.Peer;

/// <summary>What of this program's command line helps against the core's failures, which name nothing of it.</summary>
internal static class Advice
{
    /// <summary>A failure in words, with what helps.</summary>
    public static string Describe(DmaBufException failure) =>
        string.Join(' ', new[] { failure.Message, failure.RecommendedAction, For(failure) }.OfType<string>());

    private static string? For(DmaBufException failure) => failure.ErrorId switch
    {
        "Address,CannotPassDescriptors" => "With the other side's domain as vmid this program hands over references.",
        "Address,UnknownDomain" => "A number is taken as it is: 'xl list' in dom0 shows those of all domains.",
        _ => null,
    };
}
