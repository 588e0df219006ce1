using System.Management.Automation;

namespace DmaBufPS.Tests;

/// <summary>What a user sees of an error.</summary>
internal static class ErrorRecordExtensions
{
    /// <summary>The id without the name of the cmdlet's class, which PowerShell adds to it.</summary>
    public static string Id(this ErrorRecord error) =>
        error.FullyQualifiedErrorId[..error.FullyQualifiedErrorId.LastIndexOf(',')];

    /// <summary>The message that the prompt shows.</summary>
    public static string Message(this ErrorRecord error) => error.ErrorDetails?.Message ?? error.Exception.Message;
}
