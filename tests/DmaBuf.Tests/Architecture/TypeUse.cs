using System.Reflection;
using System.Reflection.Emit;

namespace DmaBuf.Tests;

/// <summary>Finds the types of the core that a type uses in its base types, its members and its code.</summary>
internal static class TypeUse
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> s_opCodes = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    public static IEnumerable<Type> Of(Type type)
    {
        Type?[] heads = [type.BaseType, .. type.GetInterfaces()];
        return heads.OfType<Type>()
            .Concat(type.GetFields(Declared).Select(field => field.FieldType))
            .Concat(type.GetMethods(Declared).SelectMany(OfMethod))
            .Concat(type.GetConstructors(Declared).SelectMany(OfMethod))
            .SelectMany(Parts)
            .Where(used => used.Assembly == type.Assembly)
            .Distinct();
    }

    private static IEnumerable<Type> OfMethod(MethodBase method)
    {
        var signature = method.GetParameters().Select(parameter => parameter.ParameterType);
        if (method is MethodInfo { ReturnType: var result })
            signature = signature.Append(result);
        return method.GetMethodBody() is not { } body ? signature : signature
            .Concat(body.LocalVariables.Select(local => local.LocalType))
            .Concat(body.ExceptionHandlingClauses
                .Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause)
                .Select(clause => clause.CatchType!))
            .Concat(OfCode(method, body.GetILAsByteArray()!));
    }

    private static IEnumerable<Type> OfCode(MethodBase method, byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xfe)
                value = (short)(0xfe00 | code[at++]);
            var operand = s_opCodes[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod
                or OperandType.InlineTok or OperandType.InlineType)
            {
                foreach (var used in OfToken(method, BitConverter.ToInt32(code, at)))
                    yield return used;
            }

            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static Type[] OfToken(MethodBase method, int token)
    {
        var ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        var member = method.Module.ResolveMember(token, ofType, ofMethod)!;
        if (member is Type type)
            return [type];
        var arguments = member is MethodInfo { IsGenericMethod: true } called ? called.GetGenericArguments() : [];
        return member.DeclaringType is { } declaring ? [declaring, .. arguments] : arguments;
    }

    /// <summary>Returns a type's parts: a list or an array of T, or a reference to T, uses T.</summary>
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.GetElementType() is { } element)
            return Parts(element);
        return type.GetGenericArguments().SelectMany(Parts).Append(type);
    }
}
