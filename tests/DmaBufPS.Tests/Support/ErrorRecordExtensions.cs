using System.Management.Automation;

namespace DmaBufPS.Tests;

/// <summary>Reads the parts of an error that a user sees.</summary>
internal static class ErrorRecordExtensions
{
    /// <summary>Returns the id without the name of the cmdlet's class, which PowerShell appends.</summary>
    public static string Id(this ErrorRecord error) =>
        error.FullyQualifiedErrorId[..error.FullyQualifiedErrorId.LastIndexOf(',')];

    /// <summary>Returns the message that the prompt shows.</summary>
    public static string Message(this ErrorRecord error) => error.ErrorDetails?.Message ?? error.Exception.Message;
}
